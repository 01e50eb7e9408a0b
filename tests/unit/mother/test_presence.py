"""The protecting bot comes back by itself when its day's IDENTIFYs were spent."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from droas_common.connection_limits import IdentifyBudgetError
from droas_common.errors import OutsideError
from droas_mother.flows.mother import Mother, Part
from droas_mother.flows.protection.presence import stay


def test_it_is_back_when_it_may_identify_again(live: Callable[[Any], Any]) -> None:
    """Who may not, waits, says so, and tries again; who leaves of his own accord stays away."""
    waits_s, said, times = [0.0, 600.5, 7200.0], list[str](), list[float]()

    async def run() -> None:
        times.append(asyncio.get_running_loop().time())
        if waits_s:
            raise IdentifyBudgetError("today's IDENTIFYs are spent")

    live(stay(run, wait_s=lambda: waits_s.pop(0), on_held=said.append, shortest_wait_s=60.0))
    assert times == [0, 60, 660.5, 7860.5]
    assert said == [
        f"today's IDENTIFYs are spent; it tries again in {words}" for words in ("1 min", "11 min", "2.0 h")
    ]


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
