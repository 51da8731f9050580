"""What is said: events in, ledger records and dead letters out (contracts of the engine)."""
