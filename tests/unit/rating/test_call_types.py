"""The table of call types."""

import pytest

from rating.call_types import CALL_TYPES, NAMES
from schemas import calls

DIRECT_ROUTING = sorted(name for name in CALL_TYPES if name[:3] in {"dr_", "Byo"})


def test_every_call_type_of_the_contract_has_its_row() -> None:
    """Domain 7.2: the schema's types and the table's are the same."""
    assert calls.CALL_TYPES == set(CALL_TYPES)


def test_codes_are_places_in_the_table() -> None:
    """Stored codes lead back to their names."""
    assert list(CALL_TYPES) == [NAMES[entry.code] for entry in CALL_TYPES.values()]


def test_stored_codes_never_move() -> None:
    """Rows on disk hold these; a new type is appended."""
    assert (0, 1, 8, 14, 32) == tuple(
        CALL_TYPES[name].code
        for name in ("internal", "user_out", "conf_out", "emergency_out", "ByotOutEmergency")
    )


@pytest.mark.parametrize("name", sorted(set(CALL_TYPES) - {"internal"}))
def test_the_direction_is_in_the_name(name: str) -> None:
    """D-36, D-37: `in` comes in, all else goes out."""
    inbound = name.endswith("_in") or "_in_" in name or name == "ByotIn"
    assert ("inbound" if inbound else "outbound") == CALL_TYPES[name].direction


@pytest.mark.parametrize("name", DIRECT_ROUTING)
def test_direct_routing_is_not_rated_but_for_emergencies(name: str) -> None:
    """D-36: the carrier bills them."""
    emergency = "emergency" in name.lower()
    assert ("emergency" if emergency else "not_rated") == CALL_TYPES[name].treatment


@pytest.mark.parametrize("name", sorted(set(CALL_TYPES) - set(DIRECT_ROUTING)))
def test_the_treatment_is_in_the_name(name: str) -> None:
    """D-37, D-38, D-39, R-602: emergencies and conferences are told apart, the rest is a leg."""
    if "emergency" in name or name == "internal":
        expected = name.partition("_")[0]
    elif name == "conf_out":
        expected = "conference"
    else:
        expected = "outbound" if "_out" in name else "inbound"
    assert expected == CALL_TYPES[name].treatment


def test_an_internal_call_goes_nowhere() -> None:
    """D-38: neither in nor out."""
    assert "internal" == CALL_TYPES["internal"].direction
