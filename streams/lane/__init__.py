"""The transactional chunk lane: one Faust event per fetched chunk, one transaction per chunk."""
