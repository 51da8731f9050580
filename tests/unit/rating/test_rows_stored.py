"""What stands on disk: the exact form of each row, and that nothing of it is lost.

Rows of an older release must be read by a newer one, so a change of these forms is a decision.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from rating.call_row import CallRow
from rating.dated import Dated
from rating.pools import PoolUse
from rating.rows import SubscriberRow, TenantRow, UserSettings, Versions
from rating.wallet import NOTHING_TAKEN, Lot, Taking, Wallet
from schemas.ledger import Destination
from schemas.tenants import AutoRecharge

MARCH, APRIL = 2021 * 12 + 2, 2021 * 12 + 3
DAY = datetime(2021, 3, 1, tzinfo=UTC)
DAY_MICROS = 1_614_556_800_000_000
LATER = datetime(2021, 3, 1, 0, 0, 0, 7, tzinfo=UTC)
FIRST, NEWEST = bytes(range(16)), bytes(range(1, 17))
FIRST_TEXT, NEWEST_TEXT = "AAECAwQFBgcICQoLDA0ODw", "AQIDBAUGBwgJCgsMDQ4PEA"


FIELDS: dict[type, str] = {
    TenantRow: (
        "seq head versions offered countries currency time_zone credits_for_all_users postpaid "
        "overdraft auto_recharge frozen has_user_pools earliest latest newest posted_from licences "
        "uses wallet recharges_made recharge"
    ),
    SubscriberRow: "settings uses",
    CallRow: (
        "fingerprint newest first_seq last_seq month started_at duration_seconds user_id call_type "
        "destination marks legs taking"
    ),
    Dated: "before entries",
    PoolUse: "used marks",
    Wallet: "balance debt lots lots_made newest",
    Lot: "number remaining bought_at expires_at",
    Taking: "lots debt",
}
"""What of each class is stored, or follows from it at once."""


def plain(value: Any) -> Any:
    """Return an object as its fields, however deep, for comparing."""
    match value:
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _ if type(value) in FIELDS:
            return {name: plain(getattr(value, name)) for name in FIELDS[type(value)].split()}
        case _:
            return value


def full_tenant() -> TenantRow:
    """Return a tenant's row in which every field says something of its own."""
    row = TenantRow(Versions(1, "c", "r", "n", "z"), "GB", "USD", "Europe/London")
    row.seq, row.head, row.offered = 9, bytes([171] * 32), ("oc", "or")
    row.countries = Dated("GB", [(MARCH, "US"), (APRIL, "CA"), (APRIL + 1, "FR")])
    row.credits_for_all_users, row.postpaid, row.overdraft = True, False, "allow_negative"
    row.auto_recharge = AutoRecharge(5, 7)
    row.frozen, row.has_user_pools = True, False
    row.earliest, row.latest, row.newest, row.posted_from = MARCH - 1, APRIL, MARCH, MARCH - 2
    row.licences = {
        ("B", "FR"): {APRIL: -1, MARCH: 2},
        ("B", None): {MARCH: 1},
        ("B", "DE"): {MARCH: 3},
        ("A", "US"): {APRIL: 4},
    }
    row.uses = {
        APRIL: {"y": PoolUse(3, 4), "x": PoolUse(1, 0)},
        MARCH: {"x": PoolUse(0, 1)},
        MARCH - 1: {"x": PoolUse(0, 4)},
    }
    row.wallet.restore([Lot(2, 6, DAY), Lot(1, 0, LATER)], 8)
    row.wallet.lots_made, row.wallet.newest = 3, (LATER, 3)
    row.recharges_made, row.recharge = 4, 7
    return row


def test_a_tenants_row_has_this_form() -> None:
    """Months, licences and pools in order; pools without use or notice are left out."""
    assert [
        *(9, "ab" * 32, [1, "c", "r", "n", "z"], ["oc", "or"]),
        ["GB", MARCH, "US", APRIL, "CA", APRIL + 1, "FR"],
        *("USD", "Europe/London", True, False, "allow_negative", [5, 7], True, False),
        [MARCH - 1, APRIL, MARCH, MARCH - 2],
        [
            ["A", "US", APRIL, 4],
            ["B", None, MARCH, 1],
            ["B", "DE", MARCH, 3],
            ["B", "FR", MARCH, 2, APRIL, -1],
        ],
        [[MARCH, "x", 0, 1], [APRIL, "x", 1, 0, "y", 3, 4]],
        [2, 6, DAY_MICROS, 1, 0, DAY_MICROS + 7],
        *(8, 3, [DAY_MICROS + 7, 3], 4, 7),
    ] == full_tenant().pack()


def test_nothing_of_a_tenants_row_is_lost() -> None:
    """Every field comes back as it was, the balance with it."""
    row = full_tenant()
    expected = plain(row)
    del expected["uses"][MARCH - 1]
    assert expected == plain(TenantRow.unpack(row.pack()))


def test_a_new_tenants_row_comes_back() -> None:
    """Nothing seen, nothing set."""
    row = TenantRow(Versions(1, "c", "r", "n", "z"), "GB", "USD", "UTC")
    assert (False, False) == (row.frozen, row.has_user_pools)
    assert ("c", "r") == row.offered
    assert plain(row) == plain(TenantRow.unpack(row.pack()))


@pytest.mark.parametrize(
    ("offered", "packed"),
    [(("c", "r"), None), (("x", "r"), ["x", "r"]), (("c", "x"), ["c", "x"])],
)
def test_an_offered_default_is_stored_where_it_is_not_in_force(
    offered: tuple[str, str], packed: list[str] | None
) -> None:
    """D-79: nearly always it is, and the row stays small."""
    row = TenantRow(Versions(1, "c", "r", "n", "z"), "GB", "USD", "UTC")
    row.offered = offered
    assert (packed, offered) == (row.pack()[3], TenantRow.unpack(row.pack()).offered)


def test_a_users_row_has_this_form() -> None:
    """Policies are stored as their places in the contract's lists."""
    row = SubscriberRow()
    row.settings.entries = [
        (MARCH, UserSettings(("A", "B"), None, "domestic", "zone_a")),
        (APRIL, UserSettings((), "FR", "none", "organizer_country")),
    ]
    row.uses = {APRIL: {"x": PoolUse(2, 1)}}
    packed = [
        [[MARCH, ["A", "B"], None, 1, 2], [APRIL, [], "FR", 2, 1]],
        [[APRIL, "x", 2, 1]],
    ]
    assert packed == row.pack()
    assert plain(row) == plain(SubscriberRow.unpack(packed))


def call_row(**changes: Any) -> CallRow:
    """Return the row of an internal call of no length, with changes."""
    plainest: dict[str, Any] = {
        "fingerprint": FIRST,
        "newest": FIRST,
        "first_seq": 5,
        "last_seq": 5,
        "month": MARCH,
        "started_at": LATER,
        "duration_seconds": 0,
        "user_id": None,
        "call_type": "internal",
        "destination": Destination(None, None, None),
        "marks": 0,
        "legs": (),
        "taking": NOTHING_TAKEN,
    }
    return CallRow(**(plainest | changes))


HEAD = [FIRST_TEXT, 5, DAY_MICROS + 7, MARCH]
TO_FRANCE = Destination("international", "FR", "331")
LEGS = (("pool", "US/X/domestic", 3, 0), ("credits", None, 2, 96))


@pytest.mark.parametrize(
    ("changes", "packed"),
    [
        ({}, HEAD),
        ({"duration_seconds": 61}, [*HEAD, 61]),
        ({"user_id": "ann"}, [*HEAD, 0, "ann"]),
        ({"call_type": "user_out"}, [*HEAD, 0, None, 1]),
        ({"destination": TO_FRANCE}, [*HEAD, 0, None, 0, 6, "FR", "331"]),
        ({"marks": 4}, [*HEAD, 0, None, 0, 0, None, None, 4]),
        (
            {"legs": LEGS},
            [*HEAD, 0, None, 0, 0, None, None, 0, [0, "US/X/domestic", 3, 0, 3, None, 2, 96]],
        ),
        (
            {"taking": Taking(((1, 9), (2, 8)), 0)},
            [*HEAD, 0, None, 0, 0, None, None, 0, [], [1, 9, 2, 8]],
        ),
        ({"taking": Taking((), 7)}, [*HEAD, 0, None, 0, 0, None, None, 0, [], [], 7]),
        ({"last_seq": 8}, [*HEAD, 0, None, 0, 0, None, None, 0, [], [], 0, 3]),
        ({"newest": NEWEST}, [*HEAD, 0, None, 0, 0, None, None, 0, [], [], 0, 0, NEWEST_TEXT]),
    ],
)
def test_a_calls_row_has_this_form(changes: dict[str, Any], packed: list[Any]) -> None:
    """What a usual call lacks stands last and is left out, and comes back all the same."""
    row = call_row(**changes)
    assert packed == row.pack()
    assert plain(row) == plain(CallRow.unpack(packed))


def test_a_call_that_took_nothing_shares_the_taking_of_nothing() -> None:
    """One object for all of them: most calls are paid by pools."""
    assert NOTHING_TAKEN is CallRow.unpack(HEAD).taking
