"""The crash proof as a command: `python -m tests.kafka.crash --kills 1000 --seed 7`."""

import argparse
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from streams.local_broker import LocalBroker, free_port
from tests.kafka.crash.campaign import Campaign, CampaignOptions
from tests.kafka.crash.scenarios import ALL, play
from tests.kafka.crash.table import campaign_row, planted_row
from tests.kafka.rig.deployment import Deployment

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    """Run what the command line asks for; exit 1 if a promise was broken or a bug not noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="worker kills at least")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--workers", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--nodes", type=int, default=1, choices=(1, 3), help="brokers")
    parser.add_argument("--calls", type=int, help="calls of the log; default 300 a kill")
    parser.add_argument("--broker-kills", type=int, help="default one in fifteen kills")
    parser.add_argument("--planted", choices=("all", *ALL), help="plant a bug instead")
    parser.add_argument("--keep", type=Path, help="folder for logs and stores of a failed run")
    told = parser.parse_args()
    # Brokers are killed here on purpose; what clients think of it fills screens.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="tollstream-crash-") as folder:
        home = told.keep or Path(folder)
        broker = LocalBroker(home / "kafka", free_port(told.nodes), told.nodes, short_lived=True)
        tested = commit()
        say(f"seed {told.seed}, commit {tested}")
        broker.start()
        try:
            if told.planted:
                names = list(ALL) if told.planted == "all" else [told.planted]
                return plant_all(names, broker, home)
            return storm(told, broker, home, tested)
        finally:
            broker.stop(clean=True)


def storm(told: argparse.Namespace, broker: LocalBroker, home: Path, tested: str) -> int:
    """Run one campaign and print its row."""
    options = CampaignOptions(
        told.kills, told.seed, told.workers, told.nodes, told.calls, told.broker_kills
    )
    campaign = Campaign(options, broker, home / "campaign", say)
    try:
        result = campaign.run()
    finally:
        campaign.end()
    for line, count in result.reasons.most_common(8):
        say(f"  {count} x {line}")
    sys.stdout.write(campaign_row(result, tested) + "\n")
    if not result.verdict.right:
        say(result.verdict.text())
    return 0 if result.verdict.right else 1


def plant_all(names: list[str], broker: LocalBroker, home: Path) -> int:
    """Play each scenario with its bug and without; print a row for each."""
    wrong = 0
    for name in names:
        scenario, faults = ALL[name], []
        for bug in (True, False):
            label = f"{name}-{'planted' if bug else 'right'}"
            deployment = Deployment(broker, label, home / label, partitions=2)
            deployment.create_topics()
            try:
                verdict = play(deployment, scenario, bug=bug)
            finally:
                deployment.end()
            faults.append(dict(verdict.faults))
            if not (bug or verdict.right):
                say(verdict.text())
        noticed = bool(scenario.breaks & faults[0].keys()) and not faults[1]
        wrong += not noticed
        sys.stdout.write(planted_row(name, scenario, faults, noticed=noticed) + "\n")
        sys.stdout.flush()
    return 1 if wrong else 0


def commit() -> str:
    """Return the commit that is tested, with a mark if files differ from it."""
    describe = subprocess.run(
        ["git", "describe", "--always", "--dirty=*"],  # noqa: S607 - git of the path
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return describe.stdout.strip() or "unknown"


def say(line: str) -> None:
    """Tell progress on stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
