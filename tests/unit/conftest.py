"""What all unit tests share: a loop whose time is virtual."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.support.virtual_time import VirtualLoop

Live = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def live() -> Live:
    """Give a function that runs a coroutine in virtual time."""

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(coroutine)

    return run
