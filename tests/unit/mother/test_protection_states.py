"""How the log tells of the protecting bot."""

from types import SimpleNamespace
from typing import Any

import pytest

from droas_common.logs import start_logging
from droas_common.wire.heartbeats import GatewayState
from droas_common.wire.records import LogRecord
from droas_mother.bootstrap.protection import Protection


@pytest.mark.parametrize(
    ("state", "level"),
    [
        (GatewayState.CONNECTING, "INFO"),
        (GatewayState.READY, "INFO"),
        (GatewayState.LOST, "WARNING"),
        (GatewayState.REFUSED, "WARNING"),
    ],
)
def test_groups_without_protection_are_a_warning(state: GatewayState, level: str) -> None:
    """Whoever looks for warnings finds that the protecting bot is away."""
    protection: Any = object.__new__(Protection)
    protection._ground = SimpleNamespace(sees=False)
    told: list[LogRecord] = []
    start_logging([told.append])
    try:
        protection._note_state(state, "why")
    finally:
        start_logging([])
    assert [(one.event, one.level) for one in told] == [("protection", level)]
