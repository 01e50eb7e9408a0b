"""What must never be overspent: IDENTIFYs, memory, starts."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.town import Json, Town, town, until

pytestmark = pytest.mark.slow


async def status(place: Town, bot: str = "bot_01") -> Json:
    """Give what droasctl says of a bot."""
    _, answer, _ = await place.ctl("status", bot)
    return dict(answer or {})


async def identifies(place: Town, username: str = "helper") -> int:
    """Count the IDENTIFYs that Discord has seen of a bot."""
    bots = (await place.control("GET", "/state"))["bots"]
    return next(int(bot["identifies"]) for bot in bots if bot["username"] == username)


def mothers_said(place: Town, event: str) -> bool:
    """Whether an event is in the mother's log."""
    return f'"event":"{event}"' in place.log()


async def test_a_gateway_that_refuses_for_ever_does_not_spend_the_day(short_tmp: Path) -> None:
    """INVALID_SESSION again and again: it is told early, the bot stops at its share, and says until when."""
    async with town(short_tmp, start=False) as place:
        place.environment["DROAS_SUPERVISION__IDENTIFIES_PER_DAY"] = "2"
        await place.fault("invalid_session", on="identify", for_s=60, match={"bot_id": place.users["helper"]})
        await place.start_mother()

        async def held() -> Any:
            bot = await status(place)
            return bot if bot.get("state") == "backoff" and "IDENTIFYs are spent" in bot["reason"] else None

        bot = await until(held, "it goes on", seconds=25)
        assert bot["next_start_unix_s"] is not None
        assert await identifies(place) == 2
        assert mothers_said(place, "identify_budget_drains")
        # Neither a person nor a new mother starts it into the reset of its token.
        await place.ctl("start", "bot_01", "--no-wait")
        await place.stop_mother()
        await place.control("DELETE", "/faults")
        await place.start_mother()
        await until(held, "a new mother has forgotten it")
        assert await identifies(place) == 2
        await until(lambda: place.connected("guide"), "the other bot does not run")
        assert await place.answer(
            await place.ask("ada", "guide", "hello", "Observatory"), "guide", "Observatory"
        )


async def test_a_bot_that_uses_too_much_is_killed_and_says_why(short_tmp: Path) -> None:
    """Beyond a hard limit its process goes at once; the reason and the figure stand in its status."""
    async with town(short_tmp, start=False) as place:
        place.environment |= {
            "DROAS_SUPERVISION__LIMITS__THREADS_HARD": "8",
            "DROAS_SUPERVISION__LIMITS__THREADS_SOFT": "8",
            "DROAS_SUPERVISION__LIMITS__FILES_HARD": "32",
            "DROAS_SUPERVISION__LIMITS__FILES_SOFT": "32",
            "DROAS_SUPERVISION__PROBE_INTERVAL_S": "0.2",
        }
        await place.start_mother()

        async def killed() -> bool:
            bot = await status(place)
            return "more than the hard limit of" in (bot.get("last_exit") or "")

        await until(killed, "it was borne")


async def test_a_soft_limit_renews_a_bot_in_good_order(short_tmp: Path) -> None:
    """Beyond a soft limit it gets a fresh process, as by a restart: no crash is counted."""
    async with town(short_tmp, start=False) as place:
        place.environment |= {
            "DROAS_SUPERVISION__LIMITS__MEMORY_SOFT_MIB": "16",
            "DROAS_SUPERVISION__LIMITS__MEMORY_HARD_MIB": "4096",
            "DROAS_SUPERVISION__STABLE_AFTER_S": "2",
            "DROAS_SUPERVISION__PROBE_INTERVAL_S": "0.2",
        }
        await place.start_mother()

        async def renewed() -> Any:
            bot = await status(place)
            return bot if bot.get("restarts") else None

        bot = await until(renewed, "it was not renewed")
        assert bot["crashes_in_a_row"] == 0
        assert mothers_said(place, "child_renewed")
        assert not await place.overlaps()
