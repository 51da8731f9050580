"""How fast the worker is, against what: `tollstream bench` (design section 5).

A figure alone says little on a machine that does other things, too. So one run measures four things
over the same records of the same topic, in turn, each in a process of its own:

- `copy`: no work, twice. It reads the calls and writes records of the ledger's bytes, without
  looking at a call: in transactions of whole batches like the worker, which is a bound for anything
  in Python, and record by record as a program that copies usually does (`copy_baseline`).
- `stock`: what Faust's documentation would have one write: an agent that looks a balance up in a
  table, changes it, and sends an output (`stock_baseline`).
- `worker`: a real `tollstream worker`, everything on (`worker_run`).
- `core`: decode, rate and encode in one process without Kafka (`core_baseline`).

Compare ratios of one run; wall times of different runs only on a quiet machine. Rates per CPU
second count the measured process alone, whatever the broker and others use.

What is measured, and what not:

- Each measurement begins after a warm-up, when the process has loaded all it needs, and ends while
  it still has work. A call counts when its transaction is committed.
- Every repeat rates the same topic from its start under an application id of its own, so setting
  the tenants up is part of the run but not of the figure.
- Latency is measured with calls published at half the worker's median rate: from just before a
  call is handed to the producer to when a `read_committed` consumer holds its ledger record. The
  feed tells how late it was itself, and how long the worker could have run and got no CPU: with
  other work on the machine a percentile says more about that than about the worker (`live_feed`).
- While a month begins: the same feed goes on, a month later, until the timer has announced the
  month to every tenant at its usual pace (`TOLLSTREAM_TIMER_EVENTS_PER_SECOND`), or for 15 minutes.
- Catch-up: all workers start again without local stores and read every row from the changelogs.
- Many months: the same calls spread over them, months' starts and sweeping included, by quarters of
  the run (`long_log`).
- Memory is the most that any worker process has had in RAM in all of these but the last.
"""
