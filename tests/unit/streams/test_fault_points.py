"""The test seam does what it says, once, and nothing unless told."""

import pytest

from streams.lane.fault_points import FaultPoint, NoFaults, PlannedFault, faults_from


def test_nobody_sets_it_in_production() -> None:
    """No variable, no fault."""
    assert isinstance(faults_from(None), NoFaults)
    assert isinstance(faults_from(""), NoFaults)


@pytest.mark.parametrize("text", ["committed", "nowhere@1=kill", "committed@1=explode", "@1=kill"])
def test_a_misspelled_fault_is_refused(text: str) -> None:
    """A test that plans nothing would prove nothing."""
    with pytest.raises(ValueError, match=r"TOLLSTREAM_FAULT|not a valid"):
        faults_from(text)


@pytest.mark.asyncio
async def test_a_fault_comes_at_its_turn_and_point() -> None:
    """The second time the point is reached, and no other."""
    fault = PlannedFault("local-written@2=error")
    await fault.reached(FaultPoint.LOCAL_WRITTEN)
    await fault.reached(FaultPoint.COMMITTED)
    with pytest.raises(OSError, match="No space left"):
        await fault.reached(FaultPoint.LOCAL_WRITTEN)
    await fault.reached(FaultPoint.LOCAL_WRITTEN)
