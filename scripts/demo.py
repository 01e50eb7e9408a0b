"""The whole road on one machine: a sandbox Discord, a mother, two bots, and a short scene.

Everything told on the terminal was observed: in the sandbox's state, in the audit, or by droasctl. With
--once it ends by itself, with 0 only if every step was seen.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from demo_stage import BIN, Json, MissedError, Stage

_SPAMMER = "xx_free_nitro_xx"
_NAME = "bot_01"


def play(stage: Stage) -> None:
    """Play the scene; raises MissedError at the first step that is not seen."""
    wake(stage)
    greet(stage)
    pay(stage)
    spam(stage)
    kill(stage)
    stage.check_processes()


def wake(stage: Stage) -> None:
    """Everything starts, and both sides say so."""
    began = time.monotonic()
    stage.start()
    stage.tell("sandbox", f"Discord and a model listen on {stage.page}")

    def ready() -> list[Json]:
        bots = list((stage.ctl("status") or {"bots": []})["bots"])
        return bots if bots and all(bot["state"] == "ready" for bot in bots) else []

    def connected() -> bool:
        return all(bot["connected"] for bot in stage.sandbox("GET", "/sandbox/state")["bots"])

    bots = stage.until(ready, what="the bots did not become ready")
    stage.until(connected, what="the sandbox does not see all three bots")
    for bot in bots:
        stage.tell("droasctl", f"{bot['name']} is {bot['state']}, pid {bot['pid']}")
    stage.tell("", f"sandbox, mother and two bots were up after {time.monotonic() - began:.1f} s\n")


def greet(stage: Stage) -> None:
    """Two groups, two bots: a greeting and a question, answered by the model."""
    for who, text, bot, place in (
        ("ada", "hello there!", "helper", "Harbour/general"),
        ("linus", "which is the brightest star?", "guide", "Observatory/stars"),
    ):
        reply = ask(stage, who, bot, text, place)
        if reply["edits"]:
            stage.tell("", f"[it was seen growing: {reply['edits']} edit(s) while it was written]")
    print()


def ask(stage: Stage, who: str, bot: str, text: str, place: str) -> Json:
    """Let a person ask a bot, and tell question and answer."""
    asked = stage.say(who, f"<@{stage.users[bot]}> {text}", place)
    stage.tell(who, f"{asked['content']}   [{place}]")
    reply = stage.reply_to(asked, bot)
    stage.tell(bot, reply["content"])
    return reply


def pay(stage: Stage) -> None:
    """A question that needs a tool, and a transfer of coins, both found in the audit."""
    ask(stage, "ada", "helper", "how many coins do I have?", "Harbour/coins")
    ask(stage, "ada", "helper", f"give 30 coins to <@{stage.users['grace']}>", "Harbour/coins")

    def both() -> list[Json]:
        records = stage.audited("tool")
        done = {record["action"] for record in records if record["outcome"] == "ok"}
        return records if {"economy.balance", "economy.transfer"} <= done else []

    for record in stage.until(both, what="balance and transfer are not in the audit"):
        called = f"{record['caller']} called {record['action']} {record['arguments']}"
        stage.tell("audit", f"{record['outcome']}: {called}")
    print()


def spam(stage: Stage) -> None:
    """A wave of spam: silenced, deleted, audited."""
    place = "Harbour/general"
    began, sent = time.monotonic(), 0
    for number in range(15):
        sent += "id" in stage.say(_SPAMMER, f"FREE NITRO >>> discord.gg/free{number}", place)
        time.sleep(0.03)
    stage.tell(_SPAMMER, f"FREE NITRO >>> discord.gg/free…   ({sent} times)")

    def deleted() -> list[Json]:
        theirs = [
            one
            for one in stage.messages(stage.channels[place])
            if one["author"]["id"] == stage.users[_SPAMMER]
        ]
        return theirs if all(one["deleted"] for one in theirs) else []

    count = len(stage.until(deleted, what="the spam was not deleted"))
    elapsed_s = time.monotonic() - began
    stage.tell("sandbox", f"{count} messages deleted, the last {elapsed_s:.1f} s after the first was sent;")
    until = str(stage.until(lambda: silenced_until(stage), what="the spammer was not silenced"))
    more = stage.say(_SPAMMER, "and again: discord.gg/free", place)
    if more.get("refused") != 403:
        raise MissedError(f"the spammer can still speak: {more}")
    stage.tell("", f"{_SPAMMER} is silenced until {until[11:19]} UTC: 403, {more['message']}")
    record = stage.until(
        lambda: next((one for one in stage.audited("protection") if one["action"] == "time_out"), None),
        what="the time-out is not in the audit",
    )
    stage.tell("audit", f"{record['outcome']}: {json.loads(record['arguments'])['why']}\n")


def silenced_until(stage: Stage) -> str | None:
    """Give the end of the spammer's time-out, as the sandbox has it."""
    state = stage.sandbox("GET", "/sandbox/state")
    guild = next(guild for guild in state["guilds"] if guild["id"] == stage.guilds["Harbour"])
    member = next(one for one in guild["members"] if one["user_id"] == stage.users[_SPAMMER])
    return member["communication_disabled_until"] or None


def kill(stage: Stage) -> None:
    """A bot's process is killed: it comes back, once, and answers again."""
    # Discord lets a bot identify once in five seconds; sooner, the wait would be Discord's and not the mother's.
    stage.until(lambda: newest_session_age_s(stage, "helper") > 5.0, what="the session does not age")
    before = stage.until(lambda: stage.bot(_NAME), what="droasctl does not answer")
    began = time.monotonic()
    os.kill(before["pid"], signal.SIGKILL)
    stage.tell("kill -9", f"{_NAME}, pid {before['pid']}")

    def back() -> Json | None:
        bot = stage.bot(_NAME)
        return bot if bot.get("state") == "ready" and bot["pid"] != before["pid"] else None

    after = stage.until(back, what="the bot did not come back")
    elapsed_s = time.monotonic() - began
    stage.tell("droasctl", f"{_NAME} is ready again after {elapsed_s:.2f} s, pid {after['pid']}")
    ask(stage, "grace", "helper", "hello again, how many coins do I have?", "Harbour/general")
    overlaps = stage.sandbox("GET", "/sandbox/overlaps")
    if overlaps:
        raise MissedError(f"a bot was on the gateway twice: {overlaps}")
    stage.tell("sandbox", "no bot was ever on the gateway twice\n")


def newest_session_age_s(stage: Stage, bot: str) -> float:
    """Give how long ago a bot last identified, in seconds."""
    sessions = stage.sandbox("GET", "/sandbox/sessions")
    opened = [float(one["opened_at"]) for one in sessions if one["bot_id"] == stage.users[bot]]
    return time.time() - max(opened)


class Interrupted(BaseException):
    """Somebody wants the demo to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    for one in _ENDS:
        signal.signal(one, signal.SIG_IGN)  # once is enough; another one would end the ending
    raise Interrupted(number)


def run(stage: Stage, *, once: bool) -> int:
    """Play, and stay unless `once`; gives the exit code."""
    seen_all = False
    try:
        for number in _ENDS:
            signal.signal(number, _interrupt)
        play(stage)
        seen_all = True
        print("Everything above was seen in the sandbox's state, in the audit, or by droasctl.")
        if not once:
            socket = stage.folder / "run/droas.sock"
            print(f"\nThe page is at {stage.page} - write to @helper there, or press Spam. Ctrl-C ends it.")
            print(f"In another terminal: {BIN / 'droasctl'} --socket {socket} status", flush=True)
            stage.stay()
    except Interrupted as interrupted:
        print()
        return 0 if seen_all else 128 + interrupted.number
    except MissedError as error:
        print(f"demo: {error}\ndemo: the logs are in {stage.folder}", file=sys.stderr)
        return 1
    finally:
        stage.stop()
    return 0


def main() -> int:
    """Play the demo; gives the exit code: 0 when all was seen, 1 when not, 130 when interrupted before."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end when the scene is over")
    parser.add_argument("--port", type=int, help="port of the page (default 8080, with --once a free one)")
    arguments = parser.parse_args()
    port = arguments.port if arguments.port is not None else (0 if arguments.once else 8080)
    folder = Path(tempfile.mkdtemp(prefix="droas-demo-"))
    code = run(Stage(folder, port), once=arguments.once)
    if code != 1:
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
