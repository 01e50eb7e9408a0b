"""Exactly once, under kill -9 of the gateway and its callers, lost answers and retries."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres_server import restart
from tests.support.tool_history import Play, check

SEED = 20_260

# A dozen starts take seconds each on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


@pytest.mark.postgres
def test_every_transfer_counts_once_whatever_crashes(
    short_tmp: Path, postgres_url: str, own_postgres: Any
) -> None:
    """The same with a whole mother, whose database crashes, too."""
    play = Play(short_tmp, postgres_url, SEED, whole=True, restart=partial(restart, own_postgres))
    try:
        play.run(transfers=60, kills=5)
    finally:
        play.end()
    figures = check(postgres_url, play.events())
    assert figures["ok"] > figures["asked"] // 3, figures
    assert not figures.get("error"), figures


def test_every_transfer_counts_once_whoever_is_killed(short_tmp: Path, database_url: str) -> None:
    """Nothing acknowledged is lost, nothing happens twice, the same key has one result, the chains are whole."""
    play = Play(short_tmp, database_url, SEED)
    try:
        play.run(transfers=300, kills=10)
    finally:
        play.end()
    figures = check(database_url, play.events())
    assert figures["asked"] >= 300
    assert figures["ok"] > figures["asked"] // 3, figures
    assert not figures.get("error"), figures
