"""The crash proof as a command: `python -m tests.kafka.crash --kills 1000 --seed 7`."""

import argparse
import logging
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from streams.local_broker import LocalBroker
from tests.kafka.crash.campaign import Campaign
from tests.kafka.crash.changelogs import CASES, name_of, play_case, play_compaction
from tests.kafka.crash.fates import CampaignOptions, CampaignResult
from tests.kafka.crash.scenarios import ALL, play
from tests.kafka.crash.shots import SHOTS, Shot, Stage, say
from tests.kafka.crash.table import campaign_row, planted_row
from tests.kafka.rig.deployment import Deployment

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    """Run what the command line asks for; exit 1 if a promise was broken or a bug not noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="worker kills at least, all runs")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first run")
    parser.add_argument("--runs", type=int, default=1, help="campaigns with seeds in a row")
    parser.add_argument("--workers", default="3", help="1 to 3, or one for each run: 3,2,1")
    parser.add_argument("--nodes", type=int, default=1, choices=(1, 3), help="brokers")
    parser.add_argument("--calls", type=int, help="calls of each log; default 300 a kill")
    parser.add_argument("--broker-kills", type=int, help="default one in fifteen kills")
    parser.add_argument("--planted", choices=("all", *ALL), help="plant a bug instead")
    parser.add_argument("--changelogs", action="store_true", help="damage changelogs instead")
    for shot in SHOTS:
        parser.add_argument(f"--{shot.option}", type=int, metavar=shot.metavar, help=shot.help)
    parser.add_argument("--keep", type=Path, help="folder for logs and stores of a failed run")
    told = parser.parse_args()
    # Brokers are killed here on purpose; what clients think of it fills screens.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    tested = commit()
    if told.planted:
        names = list(ALL) if told.planted == "all" else [told.planted]
        return with_broker(told, 0, lambda broker, home: plant_all(names, broker, home))
    if told.changelogs:
        return with_broker(told, 0, damage_all)
    for shot in SHOTS:
        if amount_of(told, shot):
            return shoot(told, shot, tested)
    return storms(told, tested)


@contextmanager
def home_of(told: argparse.Namespace, run: int) -> Iterator[Path]:
    """Yield a run's folder, which is kept where that was asked for."""
    with tempfile.TemporaryDirectory(prefix="tollstream-crash-") as folder:
        yield (told.keep or Path(folder)) / f"run-{run}"


def with_broker(
    told: argparse.Namespace, run: int, work: Callable[[LocalBroker, Path], int]
) -> int:
    """Do some work on a broker of its own, in a folder of its own; return what it returns."""
    with home_of(told, run) as home, Stage(home, told.nodes, 0, told.seed).broker() as broker:
        return work(broker, home)


def storms(told: argparse.Namespace, tested: str) -> int:
    """Run the campaigns, print a row for each as soon as it is judged and one for all of them."""
    workers = [int(count) for count in told.workers.split(",")]
    results: list[CampaignResult] = []
    for run in range(told.runs):
        options = CampaignOptions(
            math.ceil(told.kills / told.runs),
            told.seed + run,
            workers[run % len(workers)],
            told.nodes,
            told.calls,
            told.broker_kills,
        )
        say(f"run {run + 1} of {told.runs}, seed {options.seed}, commit {tested}")

        def storm(broker: LocalBroker, home: Path, options: CampaignOptions = options) -> int:
            results.append(one_storm(options, broker, home))
            return 0

        with_broker(told, run, storm)
        print_row(campaign_row(results[-1:], tested))
    if told.runs > 1:
        print_row(campaign_row(results, tested))
    return 0 if all(result.verdict.right for result in results) else 1


def one_storm(options: CampaignOptions, broker: LocalBroker, home: Path) -> CampaignResult:
    """Run one campaign."""
    campaign = Campaign(options, broker, home / "campaign", say)
    try:
        result = campaign.run()
    finally:
        campaign.end()
    for line, count in result.reasons.most_common(8):
        say(f"  {count} x {line}")
    if result.no_small_disk:
        say(f"a full disk was not run: {result.no_small_disk}")
    if not result.verdict.right:
        say(result.verdict.text())
    return result


def damage_all(broker: LocalBroker, home: Path) -> int:
    """Compact the changelogs, then damage each in every way; print a row for each."""
    wrong = 0
    plays: dict[str, Callable[[Deployment], str]] = {"all-compacted-no-copy": play_compaction}
    plays |= {name_of(case): partial(play_case, case=case) for case in CASES}
    for name, play_one in plays.items():
        deployment = Deployment(broker, name, home / name, partitions=1)
        try:
            fault = play_one(deployment)
        finally:
            deployment.end()
        wrong += bool(fault)
        right = "served" if play_one is play_compaction else "refused"
        print_row(f"| {name.replace('-', ' | ', 1)} | {fault or right} |")
    return 1 if wrong else 0


def shoot(told: argparse.Namespace, shot: Shot, tested: str) -> int:
    """Play what happens once; print a row."""
    with home_of(told, 0) as home:
        play = shot.play(Stage(home, shot.nodes or told.nodes, amount_of(told, shot), told.seed))
    print_row(play.row(tested))
    verdict = getattr(play, "verdict", None)
    if verdict is not None and not verdict.right:
        say(verdict.text())
    return 0 if play.right else 1


def amount_of(told: argparse.Namespace, shot: Shot) -> int:
    """Return the number that an option was given, 0 where it was not."""
    return getattr(told, shot.option.replace("-", "_")) or 0


def plant_all(names: list[str], broker: LocalBroker, home: Path) -> int:
    """Play each scenario with its bug and without; print a row for each."""
    wrong = 0
    for name in names:
        scenario, faults = ALL[name], []
        for bug in (True, False):
            label = f"{name}-{'planted' if bug else 'right'}"
            deployment = Deployment(broker, label, home / label, partitions=scenario.partitions)
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
        print_row(planted_row(name, scenario, faults, noticed=noticed))
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


def print_row(row: str) -> None:
    """Print one row at once: a run may be ended before the next."""
    sys.stdout.write(row + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
