"""Rows of the crash proof's tables, in Markdown."""

from typing import Any

from tests.kafka.crash.campaign import CampaignResult, Fate
from tests.kafka.crash.scenarios import Scenario


def campaign_row(result: CampaignResult, commit: str) -> str:
    """Return one campaign in one line."""
    options, verdict, actions = result.options, result.verdict, result.actions
    calls, exits = verdict.calls, result.exits
    stores = sum(actions[name] for name in ("delete_store", "swap_stores", "flip_bits"))
    killed = sum(actions[fate] for fate in (Fate.WHILE_STARTING, Fate.WHILE_WORKING))
    cells = {
        "seed": options.seed,
        "commit": commit,
        "workers": options.workers,
        "kill -9": f"{actions[Fate.AT_STEP] + killed} ({actions[Fate.AT_STEP]} at steps)",
        "steps hit": len(result.hits),
        "TERM": actions[Fate.TOLD_TO_STOP],
        "frozen": actions[Fate.FROZEN] + actions[Fate.FROZEN_BRIEFLY],
        "broker -9": actions["broker-kill"],
        "stores spoiled": stores,
        "starts": actions["start"],
        "exits": " ".join(f"{code}:{count}" for code, count in sorted(exits.items())),
        "inputs": f"{verdict.inputs} ({verdict.timer_inputs} timer)",
        "under fire": result.processed_under_fire,
        "rated/dup/dead": f"{calls.rated}/{calls.duplicate}/{calls.dead_letter}",
        "aborted": verdict.aborted,
        "lost": calls.lost,
        "double": calls.double,
        "stores equal": verdict.stores_checked,
        "verdict": "right" if verdict.right else f"WRONG {dict(verdict.faults)}",
        "s": round(result.seconds),
    }
    return "| " + " | ".join(f"{name} {value}" for name, value in cells.items()) + " |"


def planted_row(
    name: str, scenario: Scenario, faults: list[dict[str, Any]], *, noticed: bool
) -> str:
    """Return one planted bug in one line: what the verdict said with it and without it."""
    with_bug, without = (" ".join(f"{k}:{n}" for k, n in each.items()) for each in faults)
    word = "noticed" if noticed else "NOT NOTICED"
    return f"| {name} | {scenario.guarantee} | {with_bug} | {without or 'right'} | {word} |"
