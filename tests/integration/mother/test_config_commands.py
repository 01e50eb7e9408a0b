"""`droasctl config` before a real admin interface: what it prints, how it ends, what the guide says of it."""

import json
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from droas_common.ids import BotName
from droas_mother.adapters.metrics import Metrics
from droas_mother.core.supervision.lifecycle import State
from droas_mother.ctl import exit_codes as codes
from droas_mother.flows.reloading.canary import Proposal
from tests.support.admin import PlayedTown, empty_rooms, played_town
from tests.support.config_room import ConfigRoom, ReadyBot, config_room

GUIDE = (Path(__file__).parents[3] / "docs/droasctl.md").read_text()


class Place:
    """An interface and the configuration behind it."""

    def __init__(self, town: PlayedTown, room: ConfigRoom) -> None:
        self.town = town
        self.room = room

    async def change(self, prompt: str) -> None:
        """Change a bot's prompt, as an editor does."""
        self.room.write_bot("bot_01", prompt)
        await self.room.keeper.files_changed(time.monotonic())

    async def ctl(self, *arguments: str) -> tuple[int, Any, str]:
        """Run a command with --json."""
        code, out, err = await self.town.ctl("config", *arguments, "--json")
        return code, json.loads(out) if out else None, err


@pytest.fixture
async def place(short_tmp: Path) -> AsyncIterator[Place]:
    """Give two bots and their configuration."""
    room = config_room(short_tmp, "bot_01", "bot_02")
    await room.keeper.keep_first()
    empty = empty_rooms(short_tmp, PlayedTown(short_tmp / "other.sock"), config=room.desk)
    async with played_town(short_tmp, "bot_01", "bot_02", rooms=empty) as town:
        yield Place(town, room)


async def test_status_says_who_runs_what(place: Place) -> None:
    """0 when the files are in force and everybody has confirmed, 1 when not, and why."""
    assert (await place.ctl("status"))[0] == codes.OK
    await place.change("[")
    code, out, _ = await place.town.ctl("config", "status")
    assert code == codes.NOT_AS_ASKED
    assert "the files on the disk cannot be used" in out
    assert "bots/bot_01.yaml:" in out
    _, out, _ = await place.town.ctl("status")
    assert "the files are not used; revision 1 runs" in out


async def test_apply_and_rollback_go_there_and_back(place: Place) -> None:
    """A dry run does nothing; each change is printed with what it needs, and audited with the user."""
    place.room.write_bot("bot_01", "be brief")
    code, out, _ = await place.town.ctl("config", "apply", "--dry-run")
    assert (code, place.room.given) == (0, [])
    assert 'bots.bot_01.system_prompt: "be kind" → "be brief" (live)' in out
    code, value, _ = await place.ctl("apply")
    assert (code, value["revision"], value["live"]) == (0, 2, ["bot_01"])
    assert (await place.ctl("rollback", "1"))[0] == 0
    code, out, _ = await place.town.ctl("config", "status")
    assert code == codes.NOT_AS_ASKED
    assert "rolled back to revision 1 by uid:" in out
    assert {one.caller[:4] for one in place.room.audited} == {"uid:"}


async def test_no_line_of_the_history_is_none(place: Place) -> None:
    """Who wants none is not told that none is kept."""
    assert await place.town.ctl("config", "history", "-n", "0") == (0, "", "")


async def test_what_did_not_come_of_it_is_said(place: Place) -> None:
    """Nothing to do is no dry run; a bot that fails, or a change that was taken back, is not as asked."""
    code, out, _ = await place.town.ctl("config", "apply")
    assert (code, out) == (codes.OK, "the files are in force already\n")
    broken = place.room.keepers[BotName("bot_01")]
    broken.confirms = False
    broken.bot = replace(broken.bot, state=State.FAILED)
    place.room.write_bot("bot_01", "be brief")
    code, _, err = await place.ctl("apply")
    assert code == codes.NOT_AS_ASKED
    assert "bot_01 (failed) cannot run it" in err


async def test_a_change_that_was_taken_back_meanwhile_is_not_as_asked(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody has confirmed then, but something else."""
    room, real = place.room, place.room.keeper.apply

    async def apply(who: str, **how: bool) -> Proposal:
        proposal = await real(who, **how)
        room.keepers[BotName("bot_01")].beat(answered=1, failed=5)
        await room.enforcer._judge()
        return proposal

    monkeypatch.setattr(room.keeper, "apply", apply)
    room.write_bot("bot_01", "be brief")
    code, _, err = await place.ctl("apply", "--canary")
    assert code == codes.NOT_AS_ASKED
    assert "revision 2 was taken back" in err


async def test_what_cannot_be_done_is_said(place: Place) -> None:
    """Faulty files, an unknown revision, a number that is none: each its exit code, and words."""
    place.room.write_bot("bot_01", "[")
    code, out, err = await place.town.ctl("config", "apply")
    assert (code, out) == (codes.NOT_AS_ASKED, "")
    assert "bots/bot_01.yaml:" in err
    assert (await place.town.ctl("config", "rollback", "99"))[0] == codes.UNKNOWN_BOT
    assert (await place.town.ctl("config", "rollback", "none"))[0] == codes.USAGE


@pytest.mark.parametrize(
    ("arguments", "title", "pick"),
    [
        ("status", "config status", lambda value: value),
        ("status", "bot's revision", lambda value: value["bots"][0]),
        ("apply --canary", "applied", lambda value: value),
        ("apply --dry-run", "change", lambda value: value["changes"][0]),
        ("history", "revision", lambda value: value["revisions"][0]),
    ],
)
async def test_json_is_as_documented(
    place: Place, arguments: str, title: str, pick: Callable[[Any], dict[str, Any]]
) -> None:
    """The guide's tables name exactly the keys that are printed."""
    section = GUIDE.split(f"### `{title}`\n", 1)[1].split("\n#", 1)[0]
    documented = set(re.findall(r"^\| `([A-Za-z0-9_]+)`", section, flags=re.MULTILINE))
    place.room.write_bot("bot_01", "be brief")
    _, value, _ = await place.ctl(*arguments.split())
    assert set(pick(value)) == documented


async def test_a_rollout_is_shown_as_documented(place: Place) -> None:
    """While a bot tries a change, status says which, and for how long still."""
    place.room.write_bot("bot_01", "be brief")
    await place.room.keeper.apply("uid:7", dry_run=False, canary=True)
    _, value, _ = await place.ctl("status")
    section = GUIDE.split("### `rollout`\n", 1)[1].split("\n#", 1)[0]
    assert set(value["rollout"]) == set(re.findall(r"^\| `([a-z_]+)`", section, flags=re.MULTILINE))
    _, out, _ = await place.town.ctl("config", "status")
    assert "revision 2 is tried by bot_01" in out


async def test_events_and_metrics_tell_what_happened(place: Place) -> None:
    """Each change is an event with documented keys, and counted by its kind."""
    place.town.events.note_config(2, "refused", "revision 2 goes on: bots/bot_01.yaml:1:1: faulty")
    _, out, _ = await place.town.ctl("events", "-n", "1", "--json")
    section = GUIDE.split("### `event: config`\n", 1)[1].split("\n#", 1)[0]
    assert set(json.loads(out)) == set(re.findall(r"^\| `([a-z_]+)`", section, flags=re.MULTILINE))
    _, out, _ = await place.town.ctl("events", "-n", "1")
    assert "configuration refused: revision 2 goes on" in out
    metrics = Metrics()
    metrics.note_config(2, valid=False, kind="refused")
    metrics.note_config_applied(0.15)
    text = metrics.text().decode()
    for line in (
        "droas_config_revision 2.0",
        "droas_config_valid 0.0",
        'droas_config_changes_total{kind="refused"} 1.0',
        'droas_config_apply_seconds_bucket{le="0.15"} 1.0',
    ):
        assert line in text


def test_removed_bots_are_forgotten() -> None:
    """Their series end with them; those of the others go on."""
    metrics = Metrics()
    for name in ("bot_01", "bot_02"):
        metrics.note_bot(ReadyBot(BotName(name)).bot)
        metrics.sample_bot(name, None, ReadyBot(BotName(name)).bot.life.beat)
        metrics.calls.note(f"bot:{name}", 0.001)
    metrics.keep_bots({"bot_02"})
    text = metrics.text().decode()
    assert "bot_01" not in text
    assert 'droas_bot_state{bot="bot_02",state="ready"} 1.0' in text
