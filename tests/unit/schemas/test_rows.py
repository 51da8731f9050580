from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import pack_row, unpack_row

CELLS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.text(st.characters(codec="utf-8"), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def same(left: Any, right: Any) -> bool:
    """Tell values apart that Python calls equal: 1, 1.0 and True."""
    return left == right and repr(left) == repr(right)


@given(st.lists(CELLS, max_size=6))
def test_a_row_reads_back_exactly(row: list[Any]) -> None:
    """Integers of any size stay integers."""
    packed = pack_row(row)
    assert same(row, unpack_row(packed))
    assert packed == pack_row(unpack_row(packed))


@pytest.mark.parametrize("units", [2**63, -(2**63), 2**64, -(2**63) - 1, 10**23, -(10**23)])
def test_money_beyond_64_bits_survives(units: int) -> None:
    """D-77 allows 10^15 whole units: 10^23 of ours."""
    assert same([units, "x"], unpack_row(pack_row([units, "x"])))


@pytest.mark.parametrize("raw", [b"", b"{}", b"\x01{}", b"5", b"\x01", b"["])
def test_other_bytes_are_no_row(raw: bytes) -> None:
    """A damaged store is noticed when it is read."""
    with pytest.raises(ValueError, match=r".+"):
        unpack_row(raw)
