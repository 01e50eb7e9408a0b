"""droasctl as people and scripts use it: real processes before a real interface."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from droas_common.ids import BotName
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.restarts import Exit
from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.commands import SUMMARIES
from tests.support.admin import DROASCTL, PlayedTown, played_town
from tests.support.terminal import Terminal

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs/droasctl.md").read_text()


@pytest_asyncio.fixture
async def town(short_tmp: Path) -> AsyncIterator[PlayedTown]:
    """Give an interface before three bots."""
    async with played_town(short_tmp, "bot_01", "bot_02", "bot_03") as made:
        yield made


def documented(title: str) -> set[str]:
    """Give the keys that a table of the guide names, by the title above it."""
    section = GUIDE.split(f"### `{title}`\n", 1)[1].split("\n#", 1)[0]
    return set(re.findall(r"^\| `([a-z0-9_]+)`", section, flags=re.MULTILINE))


# --- looking ------------------------------------------------------------------


async def test_the_names_are_listed_one_a_line(town: PlayedTown) -> None:
    """For scripts and for completion."""
    assert await town.ctl("list") == (0, "bot_01\nbot_02\nbot_03\n", "")
    assert json.loads((await town.ctl("list", "--json"))[1]) == {"bots": ["bot_01", "bot_02", "bot_03"]}


async def test_status_says_how_bots_are(town: PlayedTown) -> None:
    """A crashed one shows when it is tried again and why, in words; the exit code says that not all is well."""
    code, out, _ = await town.ctl("status")
    assert (code, "ready" in out, "41.5ms" in out, "0.4ms" in out, "12MiB" in out) == (
        0,
        True,
        True,
        True,
        True,
    )
    bot = town["bot_02"]
    ended = Exit(code=-9, lived_s=3, at_unix_s=time.time())
    words = "today's IDENTIFYs are spent"
    bot.go(State.BACKOFF, reason=words, life=None, exits=(ended,), start_at=time.monotonic() + 600)
    code, out, _ = await town.ctl("status")
    row = next(line for line in out.splitlines() if line.startswith("bot_02 "))
    assert code == codes.NOT_RUNNING
    assert "backoff" in row
    assert "killed by SIGKILL, which nobody here sent, 0s ago" in row
    assert "bot_02: today's IDENTIFYs are spent" in out


async def test_status_of_one_bot_is_zero_only_when_it_is_ready(town: PlayedTown) -> None:
    """A script can ask whether a bot runs; one stopped on purpose is well among all, but does not run."""
    await town.ctl("stop", "bot_01")
    assert (await town.ctl("status", "bot_01"))[0] == codes.NOT_RUNNING
    assert (await town.ctl("status", "bot_02"))[0] == codes.OK
    assert (await town.ctl("status"))[0] == codes.OK


async def test_a_store_that_takes_nothing_is_told(town: PlayedTown) -> None:
    """Bots that are ready are not all: while nothing can be written down, status and health say so and why."""
    town.store_fault = "the database cannot be used: disk is full; make room"
    for command, code in (("status", codes.NOT_RUNNING), ("health", codes.NOT_AS_ASKED)):
        found, out, _ = await town.ctl(command)
        assert (found, town.store_fault in out) == (code, True)
        assert json.loads((await town.ctl(command, "--json"))[1])["store"] == town.store_fault


async def test_the_stacks_of_a_hung_bot_are_shown(town: PlayedTown) -> None:
    """With -v, for one and for all."""
    town["bot_01"].end()
    for arguments in (("status", "-v"), ("status", "bot_01", "-v"), ("describe", "bot_01")):
        assert 'File "stuck.py"' in (await town.ctl(*arguments))[1]


async def test_describe_tells_everything(town: PlayedTown) -> None:
    """Every room is there, and no password of the model's address."""
    code, out, _ = await town.ctl("describe", "bot_01")
    assert code == 0
    for words in (
        "Process",
        "Discord",
        "Work",
        "Last exits",
        "Limits",
        "41.5 ms",
        "1 of 500",
        "stop grace",
        "100",
    ):
        assert words in out
    assert "password" not in out


@pytest.mark.parametrize(
    ("command", "title", "pick"),
    [
        ("status", "bots", lambda value: value),
        ("status", "bot", lambda value: value["bots"][0]),
        ("status", "mother", lambda value: value["mother"]),
        ("status bot_01", "bot in full", lambda value: value),
        ("describe bot_01", "bot in full", lambda value: value),
        ("describe bot_01", "exit", lambda value: value["exits"][0]),
        ("restart bot_01", "command", lambda value: value),
        ("restart bot_01", "bot", lambda value: value["bot"]),
        ("start --all", "commands", lambda value: value),
        ("start --all", "command", lambda value: value["bots"][0]),
        ("logs bot_01", "log record", lambda value: value["records"][0]),
        ("audit", "audit record", lambda value: value["records"][0]),
        ("health", "health", lambda value: value),
        ("list", "list", lambda value: value),
        ("events -n 1000", "event: state", lambda value: value[0]),
        (
            "events -n 1000",
            "event: command",
            lambda value: next(one for one in value if one["kind"] == "command"),
        ),
        ("events --after 1", "event: missed", lambda value: value[0]),
    ],
)
async def test_json_is_as_documented(town: PlayedTown, command: str, title: str, pick: Any) -> None:
    """The guide's tables name exactly the keys that are printed."""
    town.log("something")
    await town.ctl("restart", "bot_01")
    if "--after" in command:
        for _ in range(1001):
            town.note(town["bot_02"])
    code, out, _ = await town.ctl(*command.split(), "--json")
    value = (
        [json.loads(line) for line in out.splitlines()] if command.startswith("events") else json.loads(out)
    )
    keys = set(pick(value).keys())
    optional = {"trace_id", "exception"} if title == "log record" else set()
    assert (code, keys | optional) == (0, documented(title))


# --- commanding -----------------------------------------------------------------


async def test_commands_wait_until_their_state_is_reached(town: PlayedTown) -> None:
    """Start, stop and restart end with 0 and say where the bot is now, without progress when nobody looks."""
    for verb, state in (("stop", "stopped"), ("start", "ready"), ("restart", "ready")):
        code, out, err = await town.ctl(verb, "bot_01")
        assert (code, err) == (0, "")
        assert out.startswith(f"bot_01: {state}")
    assert (await town.ctl("stop", "bot_01", "--no-wait"))[:2] == (0, "bot_01: asked to stop\n")


async def test_a_state_that_is_not_reached_is_told(town: PlayedTown) -> None:
    """One that fails ends the wait at once with the cause; one that takes too long ends it in time."""
    town["bot_01"].cannot_start = True
    code, out, _ = await town.ctl("restart", "bot_01")
    assert (code, out) == (codes.NOT_AS_ASKED, "bot_01: failed, because the token is refused\n")
    town["bot_02"].never_ends = True
    code, out, _ = await town.ctl("stop", "bot_02", "--timeout", "1")
    assert code == codes.NOT_AS_ASKED
    assert "stop was not reached in 1 s, it goes on in the mother" in out


async def test_a_rolling_restart_goes_one_by_one_and_ends_at_the_first_failure(town: PlayedTown) -> None:
    """Never are two away; after a failure it says which were not touched."""
    code, out, _ = await town.ctl("restart", "--all")
    assert (code, [line[:13] for line in out.splitlines()]) == (
        0,
        [f"bot_0{one}: ready" for one in (1, 2, 3)],
    )
    away: set[str] = set()
    for one in town.events.newest(1000, after=None, bot=None)[6:]:
        state = getattr(one, "state", None)
        if state is not None:
            away = away - {one.bot} if state is State.READY else away | {one.bot}
        assert len(away) <= 1
    town["bot_02"].cannot_start = True
    before = town["bot_03"].bot.incarnation
    code, out, err = await town.ctl("restart", "--all", "--json")
    value = json.loads(out)
    assert (code, value["untouched"], value["reached"]) == (codes.NOT_AS_ASKED, ["bot_03"], False)
    assert [one["reached"] for one in value["bots"]] == [True, False]
    assert "not touched: bot_03" in err
    assert town["bot_03"].bot.incarnation == before


async def test_a_rolling_restart_takes_first_what_is_down_anyway(town: PlayedTown) -> None:
    """So that no two are away at once; what somebody stopped stays stopped."""
    town["bot_01"].want(wanted=False)
    town["bot_03"].go(State.BACKOFF)
    code, out, _ = await town.ctl("restart", "--all")
    assert (code, re.findall(r"bot_0\d", out)) == (0, ["bot_03", "bot_02"])


async def test_all_are_stopped_and_started_side_by_side(town: PlayedTown) -> None:
    """All are commanded before the first has ended."""
    for verb, state in (("stop", State.STOPPED), ("start", State.READY)):
        assert (await town.ctl(verb, "--all"))[0] == 0
        assert {bot.bot.state for bot in town.keepers.values()} == {state}


# --- following --------------------------------------------------------------------


async def test_events_and_logs_are_followed(town: PlayedTown) -> None:
    """With --json a line is an object; at the mother's end it says so and ends with 69."""
    town.log("first")
    events = asyncio.create_task(town.ctl("events", "-f", "-n", "2", "bot_01", "--json"))
    logs = asyncio.create_task(town.ctl("logs", "bot_01", "-f"))
    async with asyncio.timeout(10):
        while not (town.events._mailboxes and town.followers):
            await asyncio.sleep(0.01)
    town["bot_01"].end()
    town.log("second")
    await asyncio.sleep(0)
    town.desk.close_streams()
    code, out, err = await events
    told = [json.loads(line) for line in out.splitlines()]
    assert [one.get("state", one["kind"]) for one in told] == [
        "starting",
        "ready",
        "stopping",
        "stopped",
        "end",
    ]
    assert set(told[-1]) == documented("event: end")
    assert (code, "the mother stops" in err) == (codes.UNAVAILABLE, True)
    code, out, _ = await logs
    assert [line.split()[2] for line in out.splitlines()] == ["first", "second"]
    assert code == codes.UNAVAILABLE


# --- mistakes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("status nobody", codes.UNKNOWN_BOT, "there is no bot named nobody"),
        ("stop nobody", codes.UNKNOWN_BOT, "there is no bot named nobody"),
        ("logs nobody -f", codes.UNKNOWN_BOT, "there is no bot named nobody"),
        ("events nobody", codes.UNKNOWN_BOT, "there is no bot named nobody"),
        ("describe ../../health?x=", codes.UNKNOWN_BOT, "there is no bot named"),
        ("stop", codes.USAGE, "name one bot, or say --all"),
        ("stop bot_01 --all", codes.USAGE, "name one bot, or say --all"),
        ("restart --all --no-wait", codes.USAGE, "cannot but wait"),
        ("logs bot_01 -n many", codes.USAGE, "whole number from 0 to 1000"),
        ("bogus", codes.USAGE, "invalid choice"),
        ("statsu", codes.USAGE, "did you mean status?"),
        ("audit query --since garbage", codes.USAGE, "garbage: 30m, 12h, 7d, 2026-01-31"),
        ("audit query --since 2026-13-01", codes.USAGE, "2026-13-01: 30m, 12h"),
        (f"--socket /{'x' * 120} status", codes.UNAVAILABLE, "no mother was asked: the path"),
        ("", codes.USAGE, "COMMAND"),
        ("top", codes.USAGE, "top needs a terminal"),
        ("--socket /nowhere/droas.sock status", codes.UNAVAILABLE, "no mother runs"),
        ("--socket /dev/null status", codes.UNAVAILABLE, "no mother runs"),
    ],
)
async def test_mistakes_are_told_in_words(town: PlayedTown, arguments: str, code: int, words: str) -> None:
    """Each has its documented exit code, and nobody sees a traceback."""
    found, out, err = await town.ctl(*arguments.split())
    assert (found, out) == (code, "")
    assert words in err
    assert "Traceback" not in err


async def test_a_bot_without_a_name_is_none(town: PlayedTown) -> None:
    """And not the list of all of them."""
    code, out, err = await town.ctl("describe", "")
    assert (code, out, err) == (codes.UNKNOWN_BOT, "", "droasctl: the name of a bot is empty\n")


async def test_bots_are_in_the_order_of_their_names(town: PlayedTown) -> None:
    """Not in that of their coming."""
    town.keepers["bot_00"] = town.keepers.pop("bot_02")  # type: ignore[index, arg-type]  # plain names serve
    town["bot_00"].bot = replace(town["bot_00"].bot, name=BotName("bot_00"))
    assert (await town.ctl("list"))[1].split() == ["bot_00", "bot_01", "bot_03"]


async def test_a_row_of_the_status_fits_the_terminal(town: PlayedTown) -> None:
    """Its last words are cut; in a pipe they are whole."""
    ended = Exit(code=1, lived_s=3, at_unix_s=time.time(), said="x" * 120)
    town["bot_02"].go(State.BACKOFF, life=None, exits=(ended,))
    async with Terminal(DROASCTL, "--socket", town.socket, "status", NO_COLOR="1") as screen:
        assert await screen.ends() == codes.NOT_RUNNING
    row = next(line for line in screen.text.splitlines() if line.startswith("bot_02 "))
    assert (len(row), row[-1]) == (100, "…")
    assert "x" * 120 in (await town.ctl("status"))[1]


async def test_refusals_are_json_as_well(town: PlayedTown) -> None:
    """A program that asked for JSON gets its error as JSON."""
    for arguments, expected in (
        ("status nobody", codes.UNKNOWN_BOT),
        ("--socket /nowhere status", codes.UNAVAILABLE),
        ("--socket /nowhere tools call economy.balance", codes.UNAVAILABLE),
    ):
        code, out, _ = await town.ctl(*arguments.split(), "--json")
        assert (code, set(json.loads(out))) == (expected, documented("error"))


async def test_another_user_is_told_so(short_tmp: Path) -> None:
    """Its exit code is EX_NOPERM."""
    async with played_town(short_tmp, "bot_01", may_speak=lambda _uid: False) as town:
        code, _, err = await town.ctl("stop", "bot_01")
        assert (code, "may not command this mother" in err) == (codes.PERMISSION, True)


async def test_a_short_command_imports_little() -> None:
    """What would double the time of `droasctl status` is not imported, whatever imports it."""
    program = (
        "import sys; import droas_mother.ctl.__main__ as m; m.build(['status']).parse_args(['status']);"
        "print(*sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    imported = set((await process.communicate())[0].decode().split())
    heavy = {"asyncio", "dataclasses", "email", "http.client", "pathlib", "pydantic", "shutil", "ssl", "zmq"}
    assert "droas_mother.ctl.commands.look" in imported
    assert not imported & (heavy | {"droas_mother.ctl.commands.steer", "droas_mother.ctl.commands.top"})


def test_the_guide_knows_every_command_and_exit_code() -> None:
    """docs/droasctl.md has a section for each, and the codes of --help."""
    for name in SUMMARIES:
        assert f"droasctl {name}" in GUIDE
    for number in re.findall(r"^  (\d+) ", codes.EXPLANATION, flags=re.MULTILINE):
        assert f"| {number} |" in GUIDE


def test_every_program_tells_its_release() -> None:
    """Which one runs is the first thing that is asked."""
    for name in ("droasctl", "droas-mother", "droas-sandbox"):
        done = subprocess.run(
            (DROASCTL.parent / name, "--version"), capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{name} {version('droas')}\n"


@pytest.mark.parametrize("name", SUMMARIES)
async def test_every_command_has_help(town: PlayedTown, name: str) -> None:
    """It says what the command does, and asks nobody."""
    code, out, err = await town.ctl(name, "--help", "--socket", "/nowhere")
    assert (code, err) == (0, "")
    assert f"usage: droasctl {name}" in out


# --- terminals ------------------------------------------------------------------------


async def test_colours_and_progress_are_for_terminals(town: PlayedTown) -> None:
    """On a terminal states are coloured and a wait shows its steps; NO_COLOR is honoured; a pipe gets neither."""
    assert "\x1b" not in (await town.ctl("status"))[1]
    async with Terminal(DROASCTL, "--socket", town.socket, "status") as screen:
        assert await screen.until("\x1b[32mready")
    async with Terminal(DROASCTL, "--socket", town.socket, "status", NO_COLOR="1") as screen:
        assert await screen.until("bot_03")
        assert await screen.ends() == 0
        assert "\x1b[32m" not in screen.text
    async with Terminal(DROASCTL, "--socket", town.socket, "restart", "bot_01") as screen:
        assert await screen.ends() == 0
        assert "→ stopped" in screen.text
        assert "bot_01: ready (pid" in screen.text


async def test_top_is_a_live_screen_that_leaves_no_trace(town: PlayedTown) -> None:
    """It shows bots and the mother, follows changes and the window's size, and q gives the terminal back."""
    async with Terminal(DROASCTL, "--socket", town.socket, "top") as screen:
        await screen.until("bot_03")
        for words in ("(mother)", "CPU", "PSS", "41.5ms", "q leaves", "\x1b[?1049h"):
            assert words in screen.text
        assert not screen.echoes()
        town["bot_02"].end()
        await screen.until("stopped")
        screen.resize(columns=30, lines=6)
        await screen.until("more, in")
        screen.write("\x1b[A")  # an arrow is no Escape
        await screen.until("more, in")
        screen.write("q")
        assert await screen.ends() == 0
        assert screen.text.endswith("\x1b[?25h\x1b[?1049l")
        assert screen.echoes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_top_gives_the_terminal_back_when_it_is_interrupted(
    town: PlayedTown, number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM leave as q does."""
    async with Terminal(DROASCTL, "--socket", town.socket, "top") as screen:
        await screen.until("bot_03")
        screen.signal(number)
        assert await screen.ends() == codes.INTERRUPTED
        assert screen.text.endswith("\x1b[?25h\x1b[?1049l")
        assert screen.echoes()


async def test_top_outlives_the_mother(town: PlayedTown) -> None:
    """When she goes it says so and keeps asking."""
    async with Terminal(DROASCTL, "--socket", town.socket, "top") as screen:
        await screen.until("bot_03")
        await town.server.stop()
        await screen.until("no mother runs")
        screen.write("q")
        assert await screen.ends() == 0


async def test_names_cannot_command_the_terminal(town: PlayedTown) -> None:
    """Control characters in what bots log are shown as marks."""
    town.log("evil\x1b]0;title\x07")
    assert "\x1b" not in (await town.ctl("logs", "bot_01"))[1]


async def test_a_terminal_without_our_letters_gets_others(town: PlayedTown) -> None:
    """Where arrows cannot be written, something else is."""
    code, out, err = await town.ctl("events", PYTHONIOENCODING="ascii")
    assert (code, err, "starting ? ready" in out) == (0, "", True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
async def test_a_full_disk_is_told(town: PlayedTown) -> None:
    """What cannot be written is no silent success."""
    for line, why in (
        ("status > /dev/full", b"No space left on device"),
        ("status nobody --json > /dev/full", b"No space left on device"),
        ("status >&-", b"standard output is closed"),
    ):
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            f"{DROASCTL} --socket {town.socket} {line}",
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await process.communicate()
        assert (process.returncode, err) == (74, b"droasctl: cannot write: " + why + b"\n")


@pytest.mark.parametrize("command", ["logs bot_01 -f -n 1", "events -f -n 1"])
async def test_a_reader_that_has_seen_enough_ends_what_follows(town: PlayedTown, command: str) -> None:
    """At once, and not when something comes that cannot be written any more."""
    town.log("first")
    line = f"{DROASCTL} --socket {town.socket} {command} | head -1; exit ${{PIPESTATUS[0]}}"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=os.environ
    )
    async with asyncio.timeout(4):  # before the mother's next sign of life
        out, err = await process.communicate()
    assert (process.returncode, out.count(b"\n"), err) == (0, 1, b"")


async def test_a_reader_that_has_seen_enough_is_no_error(town: PlayedTown) -> None:
    """`droasctl logs … | head -1` ends with 0 and without words."""
    for number in range(400):
        town.log(f"event_{number}" + "x" * 400)
    line = f"{DROASCTL} --socket {town.socket} logs bot_01 -n 400 | head -1; exit ${{PIPESTATUS[0]}}"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=os.environ
    )
    out, err = await process.communicate()
    assert (process.returncode, out.count(b"\n"), err) == (0, 1, b"")
