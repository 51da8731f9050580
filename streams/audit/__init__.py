"""Auditing a ledger: alone (`verify`) and against its input log (`replay`)."""
