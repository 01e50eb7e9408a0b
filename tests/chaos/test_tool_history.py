"""Exactly once, under kill -9 of the gateway and its callers, lost answers and retries."""

from pathlib import Path

import pytest

from tests.support.tool_history import Play, check

SEED = 20_260


@pytest.mark.slow
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
