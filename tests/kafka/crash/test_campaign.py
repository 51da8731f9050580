"""The CI dose of the crash proof: 30 kills, every step once, the broker killed twice and more.

The campaign before a release is the same as a command, `python -m tests.kafka.crash --kills 1000`.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.lane.fault_points import FaultPoint
from streams.local_broker import LocalBroker
from tests.kafka.crash.campaign import Campaign
from tests.kafka.crash.fates import CampaignOptions, Event, Fate
from tests.kafka.crash.table import campaign_row

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

SEED = 20_261
KILLS = 30


def test_nothing_is_lost_or_doubled_under_fire(
    make_broker: Callable[[int], LocalBroker], tmp_path: Path
) -> None:
    """Whatever is killed, frozen or spoiled: the ledger is that of the log, and every step died."""
    options = CampaignOptions(kills=KILLS, seed=SEED)
    campaign = Campaign(options, make_broker(1), tmp_path / "campaign")
    try:
        result = campaign.run()
    finally:
        campaign.end()
    sys.stdout.write(campaign_row([result], "under test") + "\n")
    assert result.verdict.right, result.verdict.text()
    assert set(FaultPoint) == set(result.hits)
    assert result.actions[Event.BROKER_KILL] == options.broker_kills_wanted
    happened = {name for name, count in result.actions.items() if count}
    wanted = set(Fate) - ({Fate.DISK_FULL} if result.no_small_disk else set())
    assert wanted | set(Event) <= happened
    assert result.processed_under_fire > 0
    assert result.exits["-9"] >= KILLS
