"""The level of the log, changed while it is written."""

from collections.abc import Iterator

import pytest

from droas_common.logs import log, set_level, start_logging
from droas_common.wire.records import LogRecord


@pytest.fixture
def written() -> Iterator[list[LogRecord]]:
    """Give what is written from INFO on."""
    records: list[LogRecord] = []
    start_logging([records.append], level="INFO")
    yield records
    start_logging([])


def test_another_level_holds_from_the_next_line_on(written: list[LogRecord]) -> None:
    """Each line is written once, by one handler; what is no level changes nothing."""
    log.debug("too_little")
    set_level("DEBUG")
    set_level("DEBUG")
    log.debug("enough")
    set_level("ERROR")
    set_level("LOUD")
    log.info("too_little")
    log.error("enough")
    assert [one.event for one in written] == ["enough", "enough"]
