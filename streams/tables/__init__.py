"""The tables of the engine: declared once, kept in RocksDB, rebuilt from their changelogs."""
