"""Synthetic event logs: seeded, realistic, of any size (contracts section 4).

A log is three time-ordered streams merged by the instant at which each event is sent:

- `population`: each tenant's configuration, users, licences and wallet, and its month starts;
- `traffic`: random calls with the disturbances of real feeds (duplicates, late calls,
  corrections, cancellations), by the weights that stand there as tables;
- `scenarios`: a few scripted tenants named `show-…` that make every event type, outcome, reason,
  purse, flag and refusal at least once, whatever the dice say.

The same options give the same bytes. Memory grows with the number of tenants, never with the
number of calls.
"""

from streams.generate.event_log import LogOptions, generate

__all__ = ["LogOptions", "generate"]
