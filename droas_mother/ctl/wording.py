"""What people read at the terminal."""

import json
import sys
import time
from typing import Any

Row = dict[str, Any]

_COLOURS = {
    "ready": "32",
    "starting": "36",
    "stopping": "36",
    "degraded": "33",
    "backoff": "33",
    "failed": "31",
    "stopped": "90",
}


def status_lines(bots: list[Row], problems: list[str]) -> list[str]:
    """Give the bots as a table, and the configuration's faults under it."""
    head = ["BOT", "STATE", "PID", "UP", "RESTARTS", "GATEWAY", "LAG", "MEMORY", "WHY"]
    rows = [head] + [_status_row(bot) for bot in bots]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[1] = _coloured(cells[1], row[1])
        lines.append("  ".join(cells).rstrip())
    return lines + [f"not configured: {problem}" for problem in problems]


def protection_lines(protection: str) -> list[str]:
    """Say how the protection of the groups stands, when it is not as it should be."""
    if protection == "ready":
        return []
    if protection == "off":
        return ["the groups are not protected: control_bot.discord_token is not set"]
    return [f"the groups are not protected: the protecting bot is {protection}"]


def _status_row(bot: Row) -> list[str]:
    why = bot["reason"] or ("" if bot["state"] == "ready" else bot["last_exit"] or "")
    return [
        bot["name"],
        bot["state"],
        str(bot["pid"] or "-"),
        duration(bot["uptime_s"]),
        str(bot["restarts"]),
        _number(bot["gateway_latency_ms"], "ms"),
        _number(bot["loop_lag_ms"], "ms"),
        _number(bot["pss_mib"], "MiB"),
        why,
    ]


def log_lines(records: list[Row]) -> list[str]:
    """Give log records, a line each, tracebacks under them."""
    lines = []
    for record in records:
        fields = " ".join(f"{key}={value}" for key, value in record.get("fields", {}).items())
        lines.append(f"{moment(record['at'])} {record['level']:<8} {record['event']:<28} {fields}".rstrip())
        if record.get("exception"):
            lines.append(record["exception"].rstrip())
    return lines


def audit_lines(records: list[Row]) -> list[str]:
    """Give decisions, a line each."""
    lines = []
    for record in records:
        said = json.loads(record["result"])
        words = json.dumps(said, ensure_ascii=False) if said else ""
        who = f" for {record['user_id']}" if record["user_id"] else ""
        lines.append(
            f"{moment(record['at_us'] / 1e6)} {record['outcome']:<8} {record['caller']:<18} "
            f"{record['action']}{who} {record['arguments']} {words}".rstrip()
        )
    return lines


def duration(seconds: float | None) -> str:
    """Give a duration as people say it: 42s, 3m10s, 5h02m, 3d04h."""
    if seconds is None:
        return "-"
    whole = int(seconds)
    for unit, letter, smaller, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= unit:
            return f"{whole // unit}{letter}{whole % unit // smaller:02d}{small}"
    return f"{whole}s"


def moment(at: float) -> str:
    """Give a moment as local time."""
    return time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at * 1000) % 1000:03d}"


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:g}{unit}"


def _coloured(text: str, state: str) -> str:
    colour = _COLOURS.get(state)
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and sys.stdout.isatty() else text
