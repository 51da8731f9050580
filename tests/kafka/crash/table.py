"""Rows of the crash proof's tables, in Markdown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.kafka.crash.fates import KILLED, CampaignResult, Event, Fate
from tests.kafka.crash.scenarios import Scenario


def row_of(cells: Mapping[str, object]) -> str:
    """Return named figures in one line of Markdown."""
    return "| " + " | ".join(f"{name} {value}" for name, value in cells.items()) + " |"


def campaign_row(results: Sequence[CampaignResult], commit: str) -> str:
    """Return one campaign, or several added up, in one line."""
    verdicts = [result.verdict for result in results]
    calls = [verdict.calls for verdict in verdicts]
    actions, exits, faults = (
        sum((getattr(result, name) for result in results), Counter[str]())
        for name in ("actions", "exits", "faults")
    )
    at_steps, killed = actions[Fate.AT_STEP], sum(actions[fate] for fate in KILLED)
    frozen = sum(actions[f] for f in (Fate.FROZEN, Fate.FROZEN_BRIEFLY, Fate.FROZEN_AT_STEP))
    stores = sum(actions[name] for name in ("delete_store", "swap_stores", "flip_bits"))
    full = f"{actions[Fate.DISK_FULL]} (+{actions['start on a full disk']} starts)"
    cells = {
        "seed": _list(result.options.seed for result in results),
        "commit": commit,
        "workers": _list(result.options.workers for result in results),
        "nodes": _list(result.options.nodes for result in results),
        "kill -9": f"{at_steps + killed} ({at_steps} at steps)",
        "steps hit": len(set().union(*(result.hits for result in results))),
        "TERM": actions[Fate.TOLD_TO_STOP],
        "frozen": f"{frozen} ({actions[Fate.FROZEN_AT_STEP]} at steps)",
        "failed at steps": actions[Fate.FAILS_AT_STEP],
        "disk full": full if not any(r.no_small_disk for r in results) else "not run",
        "broker -9": actions[Event.BROKER_KILL],
        "outages": actions[Event.OUTAGE],
        "rolling restarts": actions[Event.ROLLING_RESTART],
        "slowest stop s": round(max(result.longest_stop_seconds for result in results), 1),
        "stores spoiled": stores,
        "starts": actions["start"],
        "exits": " ".join(f"{code}:{count}" for code, count in sorted(exits.items())),
        "inputs": f"{sum(v.inputs for v in verdicts)} ({sum(v.timer_inputs for v in verdicts)} "
        "timer)",
        "under fire": sum(result.processed_under_fire for result in results),
        "without a leader": sum(result.processed_without_leader for result in results),
        "rated/dup/dead": "/".join(
            str(sum(getattr(count, name) for count in calls))
            for name in ("rated", "duplicate", "dead_letter")
        ),
        "aborted": sum(verdict.aborted for verdict in verdicts),
        "lost": sum(count.lost for count in calls),
        "double": sum(count.double for count in calls),
        "stores equal": sum(verdict.stores_checked for verdict in verdicts),
        "verdict": "right" if not faults else f"WRONG {dict(faults)}",
        "s": round(sum(result.seconds for result in results)),
    }
    return row_of(cells)


def planted_row(
    name: str, scenario: Scenario, faults: list[dict[str, Any]], *, noticed: bool
) -> str:
    """Return one planted bug in one line: what the verdict said with it and without it."""
    with_bug, without = (" ".join(f"{k}:{n}" for k, n in each.items()) for each in faults)
    word = "noticed" if noticed else "NOT NOTICED"
    return f"| {name} | {scenario.guarantee} | {with_bug} | {without or 'right'} | {word} |"


def _list(values: Any) -> str:
    """Return the different values with commas between."""
    return ",".join(dict.fromkeys(map(str, values)))
