"""The live screen: what every bot and the mother use and do, once a second."""

import os
import re
import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client, NoMotherError
from droas_mother.ctl.command import Command, Row, whole
from droas_mother.ctl.screen import Screen
from droas_mother.ctl.terminal import bold, coloured, complain, printable
from droas_mother.ctl.wording import duration, number, protection_lines, store_lines, until

_HEAD = ("BOT", "STATE", "PID", "UP", "CPU", "PSS", "LAG", "LATENCY", "ANSWERED", "RESTARTS", "WHY")
_LEFT = frozenset({"BOT", "STATE", "WHY"})
_OTHER_KEYS = re.compile(r"\x1b[\[O][0-9;]*[~A-Za-z]")
"""Arrows and their like begin with an Escape, too."""


def _top(client: Client, arguments: Namespace) -> int:
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        complain("top needs a terminal that can be drawn on; for programs there is `droasctl status --json`")
        return codes.USAGE
    value = client.get("/v1/bots")  # without a mother the terminal stays as it is
    with Screen() as screen:
        while True:
            screen.draw(frame(value, *screen.size()))
            keys = _OTHER_KEYS.sub("", screen.wait(arguments.interval))
            if any(key in "qQ\x1b" for key in keys):
                return codes.OK
            try:
                value = client.get("/v1/bots")
            except NoMotherError as error:
                value = {**value, "gone": str(error)}


def frame(value: Row, columns: int, lines: int) -> list[str]:
    """Give the screen's lines, none longer and not more than fit.

    Args:
        value: what /v1/bots says; with `gone`, why it is from the past.
        columns: width of the screen.
        lines: its height.
    """
    rows = [_mother_row(value["mother"]), *(_bot_row(bot) for bot in value["bots"])]
    widths = [max(len(row[column]) for row in [_HEAD, *rows]) for column in range(len(_HEAD))]
    notes = _notes(value)
    body = [_line(row, widths, columns) for row in rows]
    room = max(0, lines - 4 - len(notes))
    if len(body) > room:
        more = f"… {len(body) - max(0, room - 1)} more, in a higher window"
        body = [*body[: max(0, room - 1)], more[:columns]]
    shown = [_summary(value)[:columns], "", bold(_plain(_HEAD, widths)[:columns]), *body]
    shown += [note[:columns] for note in notes]
    return [*shown, "q leaves"[:columns]][:lines]


def _summary(value: Row) -> str:
    bots, mother = value["bots"], value["mother"]
    states = Counter(bot["state"] for bot in bots)
    words = ", ".join(f"{count} {state}" for state, count in states.items()) or "no bots"
    memory = sum(one["pss_mib"] or 0 for one in [*bots, mother])
    cpu = sum(one["cpu_percent"] or 0 for one in [*bots, mother])
    return f"{time.strftime('%H:%M:%S')}  {words}  |  together {memory:.0f} MiB, {cpu:.0f} % of a core"


def _notes(value: Row) -> list[str]:
    if "gone" in value:
        return [_flat(value["gone"])]
    said = [*protection_lines(value), *store_lines(value.get("store", "")), *value["problems"]]
    return [_flat(note) for note in said]


def _flat(text: str) -> str:
    """Give a text as one line that moves no cursor."""
    return printable(text).replace("\n", " ").replace("\t", " ")


def _mother_row(mother: Row) -> tuple[str, ...]:
    return (
        "(mother)",
        "-",
        str(mother["pid"]),
        duration(mother["uptime_s"]),
        number(mother["cpu_percent"], "%"),
        number(mother["pss_mib"], "M"),
        number(mother["loop_lag_ms"], "ms"),
        "-",
        "-",
        "-",
        "",
    )


def _bot_row(bot: Row) -> tuple[str, ...]:
    why = _flat(bot["reason"])
    if bot["next_start_unix_s"]:
        why = f"next try in {until(bot['next_start_unix_s'])}; {why}"
    return (
        bot["name"],
        bot["state"],
        str(bot["pid"] or "-"),
        duration(bot["uptime_s"]),
        number(bot["cpu_percent"], "%"),
        number(bot["pss_mib"], "M"),
        number(bot["loop_lag_ms"], "ms"),
        number(bot["gateway_latency_ms"], "ms"),
        number(bot["answered"]),
        str(bot["restarts"]),
        why,
    )


def _plain(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        cell.ljust(width) if name in _LEFT else cell.rjust(width)
        for name, cell, width in zip(_HEAD, row, widths, strict=True)
    ]
    return "  ".join(cells).rstrip()


def _line(row: tuple[str, ...], widths: list[int], columns: int) -> str:
    """Give a row cut to the screen, its state in colour when it is whole."""
    text = _plain(row, widths)[:columns]
    begin = widths[0] + 2
    end = begin + len(row[1])
    if len(text) < end:
        return text
    return text[:begin] + coloured(row[1], row[1]) + text[end:]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--interval",
        type=whole(1, 3600),
        default=1,
        metavar="S",
        help="seconds between two looks (default 1)",
    )


COMMANDS = {
    "top": Command(
        run=_top,
        about="Watch the bots and the mother on a live screen: processor, memory (PSS), lag, latency, answers.\n"
        "q, Escape or Ctrl-C leaves.",
        arguments=_arguments,
    ),
}
