"""Every limit of the lane, each with its unit, its reason and its worst case.

Together they bound a worker's memory whatever the backlog: with P partitions it holds at most
P x (CHUNKS_QUEUED_MAX + 5) x FETCH_BYTES_MAX of input (queued, prefetched, in the inbox, which
takes one more when it is nearly full, in work, in commit),
the row cache, RocksDB's write buffers and block cache, and two transactions per partition.
"""

from typing import Final

CHUNK_RECORDS_MAX: Final = 4_000
"""Records of one chunk, so of one transaction. At 1,000 the transaction's cost is already spread
thin; 4,000 records take about 0.2 s of CPU, which bounds the latency at saturation."""

FETCH_BYTES_MAX: Final = 2 << 20
"""Bytes one fetch brings per partition, so the bytes of a chunk: 3,500 calls of 600 B. A row that
changes twice in a chunk is written once, so a larger chunk writes less. Must be at least the
largest event (1 MiB by contract); Kafka returns one whole larger batch anyway."""

SLICE_RECORDS: Final = 200
"""Records rated before other work may run: at 30 µs a call, 6 ms. Commits of other partitions,
heartbeats and health probes wait no longer than this, or than one event that reads all users of
its tenant: a month's start, a change of configuration."""

CHUNKS_QUEUED_MAX: Final = 4
"""Chunks waiting per partition; Faust pauses fetching at 80 % of it. More would only be memory."""

OVERLAP_RECORDS_MIN: Final = 1_000
"""So many waiting records are rated while the chunk before is committed. Fewer wait for that
commit, and more join them meanwhile: rating them takes less time than a commit does."""

CHUNK_INTERVAL_SECONDS: Final = 0.03
"""A partition begins chunks of fewer records no closer than this. A transaction costs worker and
broker some milliseconds of CPU each, whatever is in it; at a few hundred calls a second they would
be most of a worker's CPU. A call that comes alone never waits."""

TRANSACTION_TIMEOUT_MS: Final = 60_000
"""The broker aborts a transaction open for longer. While one of a dead worker is open, readers of
the partition wait, unless a new owner fences it first; the largest transaction (a tenant with
100,000 subscribers reset at once, D-85) takes a few seconds."""

GROUP_OFFSET_INTERVAL_SECONDS: Final = 1.0
"""How often the group's offset joins a transaction. It is for lag displays only and costs two
round trips and a marker."""

CONCURRENT_TRANSACTION_BACKOFF_SECONDS: Final = 0.002
"""Pause while the broker still writes the markers of the transaction before. aiokafka's own is
20 ms, which caps a quiet partition at 87 transactions a second instead of 267."""

CATCH_UP_FETCH_BYTES: Final = 4 << 20
"""Bytes a fetch brings per changelog during catch-up; four changelogs a partition."""

HEAD_FETCH_BYTES: Final = 16 << 10
"""Bytes a fetch brings to see how a changelog begins: one record is asked for, and Kafka returns
one whole larger batch anyway."""

CACHE_BYTES_MAX: Final = 256 << 20
"""Memory of the decoded rows that all partitions of a worker keep, together: some 40,000 tenants
with their users. A row that is not cached costs one look-up and decoding (10 to 40 µs)."""

WRITE_BUFFER_BYTES: Final = 96 << 20
"""One budget for the write buffers of all local stores of a worker."""

BLOCK_CACHE_BYTES: Final = 64 << 20
"""One block cache for all local stores of a worker; filters and indexes are charged to it."""

TENANT_ROW_BYTES_MAX: Final = 512 << 10
"""A tenant's row is meant to stay below 10 KB; one that no longer fits a record by far is a
fault in the rating core, and the worker stops before it writes it."""

SHUTDOWN_SECONDS: Final = 25.0
"""After SIGTERM the chunk in work is finished; past this the process ends as it is, which loses
nothing. Supervisors usually kill after 30 s."""
PARTING_SECONDS: Final = 4.0
"""Once all is durable, how long connections may take to close. Over TLS they close when the broker
has answered, and asyncio waits 30 s for it."""

SWEEP_ROWS_PER_CHUNK: Final = 500
"""Expired call rows that a small chunk removes at most (D-84), so that a month's end costs it a few
milliseconds."""
SWEEP_LEAD: Final = 4
"""A larger chunk removes as many as it adds and one in so many more: as many rows go as come."""
