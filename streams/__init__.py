"""How it moves: Kafka, files, timers, tables and the command line."""
