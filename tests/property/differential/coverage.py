"""What the random logs made happen, counted in the model's own output: nothing may be missing."""

from collections import Counter

from tests.model.rater import Model

OUTCOMES = (
    "free_internal free_inbound free_emergency rated truncated blocked freecall cancelled not_rated"
)
REASONS = (
    "policy premium_not_supported no_plan pool_exhausted_no_credits no_cc_licence wallet_empty "
    "no_rate direct_routing"
)
CLASSES = "internal emergency premium global domestic international out_of_plan None"
PURSES = "pool user_pool dial_out_pool credits postpaid"
WHY = (
    "not_for_this_class closed_by_joint_cap exhausted no_cc_licence wallet_empty no_rate "
    "postpaid_off"
)
FLAGS = "late no_rate duration_mismatch toll_free_origin overdraft"
RECORDS = (
    "ruleset.changed call.rated call.duplicate pool.changed pool.reset pool.threshold_reached "
    "pool.closed pool.reopened credits.added credits.forfeited credits.adjusted recharge.due "
    "recharge.settled wallet.empty"
)
REFUSALS = (
    "not_json bad_envelope unknown_type unknown_version bad_data bad_time bad_amount too_large "
    "too_deep duplicate_key bad_encoding tenant_unknown id_payload_mismatch too_late in_future "
    "invalid_number unknown_call already_cancelled unknown_license unknown_recharge unknown_lot "
    "not_due wrong_currency frozen_setting"
)
EVENTS = (
    "tenant.configured user.configured license.assigned license.removed credits.purchased "
    "recharge.succeeded recharge.failed credits.adjusted call.ended call.corrected call.cancelled "
    "period.started lot.expired reference.activated"
)
CHANGES = "license_assigned license_removed usage_location catalogue"
# record type -> (word it is counted under, member that tells)
SHOWN = {
    "pool.closed": ("by", "by"),
    "pool.reopened": ("by", "by"),
    "pool.changed": ("changed", "reason"),
    "pool.threshold_reached": ("percent", "percent"),
    "recharge.settled": ("settled", "outcome"),
}
EXPECTED = {
    *(f"outcome {name}" for name in OUTCOMES.split()),
    *(f"reason {name}" for name in REASONS.split()),
    *(f"class {name}" for name in CLASSES.split()),
    *(f"purse {name}" for name in PURSES.split()),
    *(f"why {name}" for name in WHY.split()),
    *(f"flag {name}" for name in FLAGS.split()),
    *(f"record {name}" for name in RECORDS.split()),
    *(f"refused {name}" for name in REFUSALS.split()),
    *(f"accepted {name}" for name in EVENTS.split()),
    *(f"changed {name}" for name in CHANGES.split()),
    *(f"by {name}" for name in ("domestic", "international")),
    *(f"percent {name}" for name in (80, 100)),
    *(f"legs {name}" for name in (0, 1, 2, 3)),
    *(f"settled {name}" for name in ("succeeded", "failed")),
    *("leg without pool", "leg with a fee", "leg of a dated price", "leg of an origin"),
    *("leg of a zero rate", "correction", "correction of legs of two kinds"),
    *("corrected into a forfeited lot", "debt in the wallet"),
}


def count(model: Model) -> Counter[str]:
    """Count everything that one log made happen."""
    found: Counter[str] = Counter()
    for letter in model.dead_letters:
        found[f"refused {letter['reason']}"] += 1
    for tenant in model.tenants.values():
        for event in tenant.events:
            found[f"accepted {event['type']}"] += 1
        found["debt in the wallet"] += tenant.debt > 0
    correction = None
    for record in model.ledger:
        kind = record["type"].removeprefix("tollstream.").removesuffix(".v1")
        data = record["data"]
        found[f"record {kind}"] += 1
        if kind == "call.rated":
            count_call(found, data)
            correction = record["cause"] if data["corrects"] else None
        elif kind == "credits.forfeited":
            found["corrected into a forfeited lot"] += record["cause"] == correction
        elif kind in SHOWN:
            word, member = SHOWN[kind]
            found[f"{word} {data[member]}"] += 1
    return +found


def count_call(found: Counter[str], data: dict[str, object]) -> None:
    """Count what one rated call shows."""
    found[f"outcome {data['outcome']}"] += 1
    found[f"reason {data['reason']}"] += 1
    found[f"class {data['destination']['class']}"] += 1
    found[f"legs {len(data['legs'])}"] += 1
    found["correction"] += data["corrects"] is not None
    found["correction of legs of two kinds"] += len(data["difference"] or ()) > 1
    found.update(f"flag {flag}" for flag in data["flags"])
    found.update(f"why {purse['why']}" for purse in data["passed_over"])
    for leg in data["legs"]:
        found[f"purse {leg['purse']}"] += 1
        found["leg without pool"] += leg["purse"] == "dial_out_pool" and leg["pool"] is None
        found["leg with a fee"] += leg["connection_fee"] != "0"
        found["leg of a zero rate"] += leg["rate"] == "0"
        price = leg["price"] or {}
        found["leg of a dated price"] += price.get("effective_from") is not None
        found["leg of an origin"] += price.get("origin") is not None


def missing(found: Counter[str]) -> list[str]:
    """List what never happened."""
    return sorted(name for name in EXPECTED if not found[name])
