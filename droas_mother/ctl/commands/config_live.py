"""What `droasctl config` asks a running mother: status, apply, history, rollback."""

import time
from argparse import ArgumentParser, Namespace

from droas_mother.ctl import exit_codes as codes
from droas_mother.ctl.client import Client
from droas_mother.ctl.command import Action, Row, show, takes_json, takes_lines, whole
from droas_mother.ctl.terminal import Progress, complain
from droas_mother.ctl.wording import duration, table

_PATH = "/v1/config"
_TICK_S = 0.05
_PATIENCE_S = 30.0
_CHANGE_S = 60.0
"""An apply waits for one that is in progress, and reads and decrypts files."""

_EFFECTS = {
    "live": "live",
    "restart": "restarts the bot",
    "start": "starts the bot",
    "stop": "stops the bot",
    "mother_restart": "waits for a restart of the mother",
}


def _status(client: Client, arguments: Namespace) -> int:
    value = client.get(_PATH)
    show(value, lambda: _status_lines(value), as_json=arguments.json)
    return codes.OK if value["disk"] == "same" and _confirmed(value) else codes.NOT_AS_ASKED


def _apply(client: Client, arguments: Namespace) -> int:
    body = {"dry_run": arguments.dry_run, "canary": arguments.canary}
    value = client.post(f"{_PATH}/apply", body=body, timeout_s=_CHANGE_S)
    return _told(client, arguments, value)


def _rollback(client: Client, arguments: Namespace) -> int:
    body = {"revision": arguments.revision}
    return _told(client, arguments, client.post(f"{_PATH}/rollback", body=body, timeout_s=_CHANGE_S))


def _history(client: Client, arguments: Namespace) -> int:
    value = client.get(f"{_PATH}/history?count={arguments.lines}", timeout_s=_CHANGE_S)
    show(value, lambda: _history_lines(value["revisions"], arguments.lines), as_json=arguments.json)
    return codes.OK


def _told(client: Client, arguments: Namespace, value: Row) -> int:
    """Print what a change does, and wait until the bots that it reaches have confirmed it."""
    number, changes = value["revision"], value["changes"]
    head = f"revision {number}: " if number is not None else "would do: " if changes else ""
    show(value, lambda: [f"{head}{value['words']}", *_change_lines(changes)], as_json=arguments.json)
    if number is None:
        return codes.OK
    wrong = _wrong(_settled_status(client), number)
    if wrong:
        complain(f"{wrong}; `droasctl config status` shows more")
    return codes.NOT_AS_ASKED if wrong else codes.OK


def _wrong(status: Row | None, number: int) -> str:
    """Say what has come of a revision that was given out, "" when it is in force or being tried."""
    if status is None:
        return f"not every bot has confirmed it within {_PATIENCE_S:g} s"
    rollout = status["rollout"]
    if number not in {status["revision"], rollout["revision"] if rollout else None}:
        return status["held"] or f"revision {number} is not in force; {status['revision']} is"
    down = [f"{bot['name']} ({bot['state']})" for bot in status["bots"] if _down(bot)]
    return f"{', '.join(down)} cannot run it" if down else ""


def _down(bot: Row) -> bool:
    """Whether a bot that is wanted does not come up with what it was given."""
    return bot["state"] in {"failed", "backoff"} and bot["runs"] != bot["wanted"]


def _settled_status(client: Client) -> Row | None:
    """Wait until all bots have confirmed what they were given, or cannot; None when they have not in time."""
    progress, deadline = Progress(), time.monotonic() + _PATIENCE_S
    try:
        while time.monotonic() < deadline:
            status: Row = client.get(_PATH)
            if _confirmed(status):
                return status
            waiting = [bot["name"] for bot in status["bots"] if not _settled(bot)]
            progress.show(f"waiting for {', '.join(waiting)}")
            time.sleep(_TICK_S)
    finally:
        progress.clear()
    return None


def _confirmed(status: Row) -> bool:
    return all(_settled(bot) for bot in status["bots"])


def _settled(bot: Row) -> bool:
    return bool(bot["confirmed"] or bot["state"] in {"stopped", "failed", "backoff"})


def _status_lines(value: Row) -> list[str]:
    since = duration(time.time() - value["at"])
    lines = [f"revision {value['revision']}, in force for {since}, by {value['who']}"]
    if value["words"]:
        lines.append(value["words"])
    if value["disk"] == "same":
        lines.append("the files on the disk are in force")
    elif value["disk"] == "differs":
        lines.append(f"the files on the disk are not in force: {value['held']}")
    else:
        since = duration(time.time() - (value["faulty_since"] or time.time()))
        lines += [f"the files on the disk cannot be used, since {since}:", *value["problems"]]
    if value["waiting"]:
        lines.append(f"waits for a restart of the mother: {', '.join(value['waiting'])}")
    lines += value["owed"]
    rollout = value["rollout"]
    if rollout:
        names = ", ".join(rollout["canaries"])
        lines.append(f"revision {rollout['revision']} is tried by {names}, {rollout['left_s']:g}s left")
    return [*lines, *_bot_table(value["bots"])]


def _bot_table(bots: list[Row]) -> list[str]:
    rows = [
        [
            bot["name"],
            bot["state"],
            str(bot["wanted"]),
            "-" if bot["runs"] is None else str(bot["runs"]),
            "tries it" if bot["canary"] else "confirmed" if bot["confirmed"] else "-",
        ]
        for bot in bots
    ]
    return table(["BOT", "STATE", "REVISION", "RUNS", ""], rows) if rows else []


def _change_lines(changes: list[Row]) -> list[str]:
    return [
        f"  {one['path']}: {one['before']} → {one['after']} ({_EFFECTS.get(one['effect'], one['effect'])})"
        for one in changes
    ]


def _history_lines(revisions: list[Row], most: int) -> list[str]:
    if not revisions:
        return ["no revision is kept yet"] if most else []
    lines: list[str] = []
    for one in revisions:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one["at"]))
        words = f": {one['words']}" if one["words"] else ""
        taken = "" if one["in_force"] else " (not in force)"
        lines += [f"{one['revision']}  {at}  {one['who']}{taken}{words}", *_change_lines(one["changes"])]
    return lines


def _apply_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument(
        "--canary", action="store_true", help="let one bot try it first, even when `rollout` does not say so"
    )
    takes_json(parser)


def _rollback_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "revision", type=whole(1, 10**9), metavar="REVISION", help="one of `droasctl config history`"
    )
    takes_json(parser)


def _history_arguments(parser: ArgumentParser) -> None:
    takes_lines(parser, 10)
    takes_json(parser)


ACTIONS = {
    "status": Action(_status, "Show what runs, what lies on the disk, and which bot runs what.", takes_json),
    "apply": Action(_apply, "Put the files into force as they lie there now.", _apply_arguments),
    "history": Action(_history, "Show who changed what and when, oldest first.", _history_arguments),
    "rollback": Action(
        _rollback, "Put a revision into force again; files stay as they are.", _rollback_arguments
    ),
}
