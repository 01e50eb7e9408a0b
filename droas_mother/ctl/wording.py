"""What people read at the terminal: tables, durations, moments."""

import json
import time
from collections.abc import Sequence

from droas_mother.ctl.command import Row
from droas_mother.ctl.terminal import bold, coloured, width

_LEAST_WORDS = 12
"""Characters; fewer would tell nothing, so that a row goes on in the next line."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, coloured_column: int = 1) -> list[str]:
    """Give rows under one another; one column is in the colours of its states."""
    every = _narrowed([head, *rows], width())
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    lines = []
    for number, row in enumerate(every):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        if number:
            cells[coloured_column] = coloured(cells[coloured_column], row[coloured_column])
        line = "  ".join(cells).rstrip()
        lines.append(line if number else bold(line))
    return lines


def _narrowed(rows: Sequence[Sequence[str]], columns: int | None) -> Sequence[Sequence[str]]:
    """Cut the last column, which has words, so that a row is a line of the terminal."""
    left = 2 * (len(rows[0]) - 1) + sum(max(map(len, cells)) for cells in list(zip(*rows, strict=True))[:-1])
    if columns is None or columns - left < _LEAST_WORDS:
        return rows
    room = columns - left
    return [[*row[:-1], row[-1] if len(row[-1]) <= room else f"{row[-1][: room - 1]}…"] for row in rows]


def status_lines(bots: list[Row], problems: list[str]) -> list[str]:
    """Give the bots as a table, then why some are not as they should be, and the configuration's faults."""
    head = ["BOT", "STATE", "PID", "UP", "RESTARTS", "GATEWAY", "LAG", "MEMORY", "NEXT TRY", "LAST EXIT"]
    rows = [_status_row(bot) for bot in bots]
    if not bots and not problems:
        return ["no bots are configured: put a file for each into the folder bots/ of the configuration"]
    said = [
        f"{bot['name']}: {bot['reason']}"
        for bot in bots
        if bot["reason"] and bot["reason"] != bot["last_exit"]
    ]
    return [*table(head, rows), *said, *(f"not configured: {problem}" for problem in problems)]


def protection_lines(value: Row) -> list[str]:
    """Say how the protection of the groups stands, when it is not as it should be."""
    state, why = value["protection"], value.get("protection_why", "")
    if state == "ready":
        return []
    if state == "off":
        return ["the groups are not protected: control_bot.discord_token is not set"]
    told = why or f"the protecting bot is {state}"
    ends = "; then restart the mother" if state == "refused" else ""
    return [f"the groups are not protected: {told}{ends}"]


def store_lines(store: str) -> list[str]:
    """Say that nothing can be written down, when that is so."""
    return [f"no tool call and no command is done, as none can be written down: {store}"] if store else []


def _status_row(bot: Row) -> list[str]:
    return [
        bot["name"],
        bot["state"],
        str(bot["pid"] or "-"),
        duration(bot["uptime_s"]),
        str(bot["restarts"]),
        number(bot["gateway_latency_ms"], "ms"),
        number(bot["loop_lag_ms"], "ms"),
        number(bot["pss_mib"], "MiB"),
        until(bot["next_start_unix_s"]),
        last_exit(bot),
    ]


def last_exit(bot: Row) -> str:
    """Say how a bot's last process ended and when."""
    if not bot["last_exit"]:
        return "-"
    at = bot["last_exit_unix_s"]
    return f"{bot['last_exit']}, {duration(time.time() - at)} ago" if at else str(bot["last_exit"])


def log_lines(records: list[Row]) -> list[str]:
    """Give log records, a line each, tracebacks under them."""
    lines = []
    for record in records:
        fields = " ".join(f"{key}={_quoted(value)}" for key, value in record.get("fields", {}).items())
        lines.append(f"{moment(record['at'])} {record['level']:<8} {record['event']:<28} {fields}".rstrip())
        if record.get("exception"):
            lines += record["exception"].rstrip().splitlines()
    return lines


def _quoted(value: object) -> str:
    """Give a value as one word: in quotes where blanks, quotes or = would make it several."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' \t\n"=') else text


def event_line(event: Row) -> str:
    """Give one event as a line."""
    if event["kind"] == "missed":
        return f"({event['count']} earlier events are no longer kept)"
    head = f"{moment(event['at'])} {event['bot']:<12}"
    if event["kind"] == "command":
        return f"{head} {event['verb']} was asked for by uid {event['uid']}"
    if event["kind"] == "config":
        what = event["what"].replace("_", " ")
        return f"{moment(event['at'])} {'(all)':<12} configuration {what}: {event['words']}"
    words = f"{head} {event['before'] or 'new'} → {coloured(event['state'], event['state'])}"
    if event["pid"]:
        words += f" (pid {event['pid']})"
    if event["reason"]:
        words += f": {event['reason']}"
    if event["next_start_unix_s"]:
        wait = until(event["next_start_unix_s"], since=event["at"])
        words += ", next try at once" if wait == "0.0s" else f", next try in {wait}"
    return words


def audit_lines(records: list[Row]) -> list[str]:
    """Give decisions, a line each."""
    lines = []
    for record in records:
        said = json.loads(record["result"])
        words = json.dumps(said, ensure_ascii=False) if said else ""
        who = f" for {record['user_id']}" if record["user_id"] else ""
        who += f" in {record['guild_id']}" if record["guild_id"] else ""
        lines.append(
            f"{moment(record['at_us'] / 1e6)} {record['outcome']:<8} {record['caller']:<18} "
            f"{record['action']}{who} {record['arguments']} {words}".rstrip()
        )
    return lines


def duration(seconds: float | None) -> str:
    """Give a duration as people say it: 42s, 3m10s, 5h02m, 3d04h."""
    if seconds is None:
        return "-"
    whole = int(max(0, seconds))
    for unit, letter, smaller, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= unit:
            return f"{whole // unit}{letter}{whole % unit // smaller:02d}{small}"
    return f"{whole}s"


def until(at: float | None, *, since: float | None = None) -> str:
    """Give how long it is until a moment, "-" without one, tenths of a second when it is near."""
    if at is None:
        return "-"
    left_s = max(0.0, at - (time.time() if since is None else since))
    return f"{left_s:.1f}s" if left_s < 10 else duration(left_s)


def moment(at: float) -> str:
    """Give a moment as local time, with its date unless that is today's."""
    then, now = time.localtime(at), time.localtime()
    date = "" if then[:3] == now[:3] else time.strftime("%Y-%m-%d ", then)
    return date + time.strftime("%H:%M:%S", then) + f".{int(at * 1000) % 1000:03d}"


def number(value: float | None, unit: str = "") -> str:
    """Give a figure with its unit, "-" without one."""
    return "-" if value is None else f"{value:g}{unit}"


def counted(count: int, noun: str) -> str:
    """Give a number of things: 1 account, 2 accounts."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
