"""How many examples a property runs: a few in CI, always the same; as many as asked for elsewhere.

`TOLLSTREAM_EXAMPLES=2000 pytest tests/property` makes a campaign: that many examples of each
property (where CI runs a part of it, the same part), from new seeds that are printed on failure.
With `TOLLSTREAM_SHRINK=0` a failing log is not made smaller, for whom it is enough that it failed.
"""

import os
from typing import Final

from hypothesis import HealthCheck, Phase, settings

CI_EXAMPLES: Final = 30
"""Logs per property in CI; each has some 80 events, so a property sees 2,500 of them."""
_PHASES: Final = (
    (Phase.explicit, Phase.generate) if os.environ.get("TOLLSTREAM_SHRINK") == "0" else tuple(Phase)
)
_ASKED: Final = int(os.environ.get("TOLLSTREAM_EXAMPLES", "0"))


def dose(share: float = 1.0) -> settings:
    """Return the settings of a property; `share` is its part of the usual number of examples."""
    return settings(
        max_examples=max(1, round((_ASKED or CI_EXAMPLES) * share)),
        derandomize=not _ASKED,  # CI fails for a change of ours, never for its luck
        database=None,
        deadline=None,
        phases=_PHASES,
        # Logs are large on purpose, and the machine may be busy.
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
