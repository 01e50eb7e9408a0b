"""What libraries log, as far as it is true and safe."""

import logging
import re
from pathlib import Path

import nextcord
import pytest
from nextcord.http import _get_logging_auth

from droas_common.logs import start_logging
from droas_common.wire.records import LogRecord


@pytest.fixture
def written() -> list[LogRecord]:
    """Give what is written."""
    records: list[LogRecord] = []
    start_logging([records.append])
    return records


def test_the_beginning_of_a_token_is_not_told(written: list[LogRecord]) -> None:
    """Eight characters of it are in the library's own words."""
    logging.getLogger("nextcord.http").warning("refused for %r", _get_logging_auth("Bot mysecrettoken"))
    assert [one.fields["text"] for one in written] == ["refused for 'Bot [redacted]'"]


def test_a_false_alarm_is_not_told(written: list[LogRecord]) -> None:
    """A quick acknowledgement is taken for a late one by the library."""
    source = (Path(nextcord.__file__).parent / "gateway.py").read_text()
    words = re.search(r'behind_msg: str = "(.*)"', source)
    assert words is not None
    logging.getLogger("nextcord.gateway").warning(words[1], None, 41.3)
    logging.getLogger("nextcord.gateway").warning("something else")
    assert [one.fields["text"] for one in written] == ["something else"]
