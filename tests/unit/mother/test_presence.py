"""The protecting bot comes back by itself when its day's IDENTIFYs were spent."""

import pytest

from droas_common.connection_limits import IdentifyBudgetError
from droas_common.errors import OutsideError
from droas_mother.flows.mother import Mother, Part
from droas_mother.flows.protection.presence import stay


async def test_it_is_back_when_it_may_identify_again() -> None:
    """Who may not, waits, says so, and tries again; who leaves of his own accord stays away."""
    left, said, times = [True, True, False], list[str](), list[int]()

    async def run() -> None:
        times.append(1)
        if left.pop(0):
            raise IdentifyBudgetError("today's IDENTIFYs are spent")

    await stay(run, wait_s=lambda: 0.0, on_held=said.append, shortest_wait_s=0.0)
    assert len(times) == 3
    assert said == ["today's IDENTIFYs are spent; it tries again in 0.0 h"] * 2


@pytest.mark.parametrize("vital", [True, False])
async def test_a_part_that_is_not_vital_ends_alone(*, vital: bool) -> None:
    """What Discord or a database refuses it ends that part; the mother goes on, unless she needs it."""

    async def run() -> None:
        mother.ask_stop()
        raise OutsideError("refused")

    part = Part(name="part", run=run, vital=vital)
    mother = Mother([part], on_started=lambda: None, on_stopping=lambda: None)
    if not vital:
        await mother.run()
        return
    with pytest.raises(ExceptionGroup) as caught:
        await mother.run()
    assert caught.group_contains(OutsideError)
