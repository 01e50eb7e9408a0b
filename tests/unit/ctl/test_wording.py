"""What people read: it fits the screen, and is said as people say it."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_mother.ctl.commands.top import frame
from droas_mother.ctl.terminal import printable_line
from droas_mother.ctl.wording import (
    audit_lines,
    counted,
    duration,
    event_line,
    log_lines,
    protection_lines,
    status_lines,
    until,
)


def bot(name: str, *, reason: str = "", next_start: float | None = None) -> dict[str, Any]:
    """Give a bot as the mother describes it."""
    return {
        "name": name,
        "state": "backoff" if reason else "ready",
        "pid": None if reason else 4711,
        "uptime_s": 62.0,
        "cpu_percent": 1.25,
        "pss_mib": 12.5,
        "loop_lag_ms": 0.4,
        "gateway_latency_ms": None,
        "answered": 3,
        "restarts": 2,
        "reason": reason,
        "next_start_unix_s": next_start,
    }


@given(
    names=st.lists(st.text("abcxyz_", min_size=1, max_size=40), max_size=10),
    reason=st.text(max_size=80),
    columns=st.integers(1, 300),
    lines=st.integers(1, 60),
)
def test_a_frame_fits_its_screen(names: list[str], reason: str, columns: int, lines: int) -> None:
    """No line is longer than the screen is wide, there are no more than it is high, and none moves the cursor."""
    mother = {"pid": 1, "uptime_s": 5.0, "cpu_percent": None, "pss_mib": None, "loop_lag_ms": 0.1}
    bots = [bot(name, reason=reason, next_start=4e9) for name in names]
    value = {"bots": bots, "mother": mother, "protection": "off", "problems": ["bot_09.yaml: no token"]}
    shown = frame(value, columns, lines)
    assert len(shown) <= lines
    for line in shown:
        assert len(line) <= columns
        assert line.isprintable()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "-"), (0, "0s"), (59.9, "59s"), (190, "3m10s"), (18120, "5h02m"), (273600, "3d04h")],
)
def test_durations_are_said_as_people_say_them(seconds: float | None, words: str) -> None:
    """Two units at most."""
    assert duration(seconds) == words


def test_the_next_try_is_said_in_tenths_when_it_is_near() -> None:
    """A wait that has passed is not negative."""
    assert [until(at, since=100.0) for at in (None, 101.25, 99.0, 160.0)] == ["-", "1.2s", "0.0s", "1m00s"]


def test_events_are_sentences() -> None:
    """A crash says from where to where, why, and when it is tried again."""
    line = event_line(
        {
            "kind": "state",
            "at": 100.0,
            "bot": "bot_01",
            "before": "ready",
            "state": "backoff",
            "pid": None,
            "reason": "killed by signal 9",
            "next_start_unix_s": 101.5,
        }
    )
    assert line.endswith("bot_01       ready → backoff: killed by signal 9, next try in 1.5s")
    config = {"kind": "config", "at": 100.0, "bot": "", "what": "taken_back", "words": "it crashed"}
    assert event_line(config).endswith("(all)        configuration taken back: it crashed")
    assert event_line({"kind": "missed", "count": 7, "id": 7}) == "(7 earlier events are no longer kept)"


def test_decisions_tell_their_day_and_their_group() -> None:
    """A time of today stands alone; one of another day has its date, as `ls` does it."""
    record = {
        "result": "{}",
        "user_id": "10",
        "guild_id": "811",
        "at_us": 86_400_000_000 * 9,
        "outcome": "ok",
    }
    record |= {"caller": "client:shop", "action": "economy.balance", "arguments": "{}"}
    (line,) = audit_lines([record])
    assert re.match(r"1970-01-\d\d \d\d:\d\d:\d\d\.000 ok ", line)
    assert "economy.balance for 10 in 811" in line
    (line,) = audit_lines([{**record, "at_us": time.time_ns() // 1000}])
    assert re.match(r"\d\d:\d\d:", line)


def test_values_with_blanks_are_quoted_in_logs() -> None:
    """What belongs to which name can be told."""
    fields = {"why": "killed by SIGKILL, which", "code": -9, "none": ""}
    record = {"at": 1.0, "level": "INFO", "event": "child_ended", "fields": fields}
    (line,) = log_lines([record])
    assert line.endswith('why="killed by SIGKILL, which" code=-9 none=""')
    assert [counted(count, "account") for count in (0, 1, 2)] == ["0 accounts", "1 account", "2 accounts"]


@given(st.text())
def test_nothing_of_others_commands_the_terminal(text: str) -> None:
    """Control characters become marks, line ends and tabs excepted."""
    assert printable_line(text).replace("\n", "").replace("\t", "").isprintable()


def test_only_colours_are_let_through_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where colours are shown, what moves the cursor or wipes the screen is not."""
    monkeypatch.setattr("droas_mother.ctl.terminal.colourful", lambda: True)
    assert printable_line("\x1b[32mready\x1b[0m") == "\x1b[32mready\x1b[0m"
    assert printable_line("\x1b[1mpath\x1b[0m") == "\x1b[1mpath\x1b[0m"
    assert "\x1b" not in printable_line("\x1b[2J\x1b[1;1H\x1b]0;title\x07")


@pytest.mark.parametrize("code", ["", "5", "7", "8", "07", "30", "40", "1;8"])
def test_no_text_hides_itself(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What we never write, such as concealed, reversed and black letters, is not let through."""
    monkeypatch.setattr("droas_mother.ctl.terminal.colourful", lambda: True)
    assert "\x1b" not in printable_line(f"\x1b[{code}mgone\x1b[0m").removesuffix("\x1b[0m")


def test_a_mother_without_bots_says_how_to_get_one() -> None:
    """An empty table would leave the newcomer alone."""
    (line,) = status_lines([], [])
    assert "bots/" in line
    assert "not configured: a.yaml" in status_lines([], ["a.yaml: no token"])[-1]


@pytest.mark.parametrize(
    ("state", "why", "words"),
    [
        ("ready", "", ""),
        ("off", "", "is not set"),
        ("connecting", "", "bot is connecting"),
        ("refused", "Discord refuses the token (4004)", "refuses the token (4004); then restart the mother"),
        ("held", "today's IDENTIFYs are spent", "are spent"),
    ],
)
def test_groups_without_protection_are_told(state: str, why: str, words: str) -> None:
    """Why, and for what does not pass by itself also what to do."""
    lines = protection_lines({"protection": state, "protection_why": why})
    assert [words in line for line in lines] == ([True] if words else [])
