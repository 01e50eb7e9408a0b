"""A changed file, from the disk to the bots: what takes over, what is replaced, what waits."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.town import BOT_FILE, TOKENS, Town, town, until


def rewrite(path: Path, before: str, after: str) -> None:
    """Change a file as an editor does: another one in its place."""
    text = path.read_text()
    assert before in text
    fresh = path.with_suffix(".tmp")
    fresh.write_text(text.replace(before, after))
    fresh.replace(path)


async def revision(place: Town, number: int) -> dict[str, Any]:
    """Wait until all bots have confirmed this revision; give the status."""

    async def look() -> Any:
        status = await place.asked("/v1/config")
        confirmed = all(bot["runs"] == number and bot["state"] == "ready" for bot in status["bots"])
        return status if status["revision"] == number and confirmed else None

    found: dict[str, Any] = await until(look, f"revision {number} is not confirmed by all")
    return found


async def test_the_road_of_a_change(short_tmp: Path) -> None:
    """Prompt: live. Key: that bot alone restarts. Files: start and stop. Mother: live, or told to wait."""
    bots = short_tmp / "configs/bots"
    async with town(short_tmp, bots={"bot_01": "helper"}, start=False) as place:
        place.environment["BOT_02_TOKEN"] = TOKENS["guide"]
        await place.start_mother()
        await place.all_ready()
        await revision(place, 1)
        first = (await place.all_ready())["bot_01"]["pid"]

        rewrite(bots / "bot_01.yaml", "You are a helpful assistant...", "Speak like a sailor.")
        await revision(place, 2)
        question = await place.ask("ada", "helper", "Hello?")
        await place.answer(question, "helper")
        prompts = [one["body"]["messages"][0]["content"] for one in await place.model_requests()]
        assert "Speak like a sailor." in prompts[-1]

        (bots / "bot_02.yaml").write_text(BOT_FILE % "BOT_02_TOKEN")
        place.names.append("guide")
        await revision(place, 3)
        both = await place.all_ready()
        assert both["bot_01"]["pid"] == first

        rewrite(bots / "bot_02.yaml", "test-key-of-no-value", "another-key-of-no-value")
        await revision(place, 4)
        renewed = await place.all_ready()
        assert renewed["bot_01"]["pid"] == first
        assert renewed["bot_02"]["pid"] != both["bot_02"]["pid"]

        mother = short_tmp / "configs/droas.yaml"
        text = mother.read_text().replace("forbidden word", "unwanted phrase")
        mother.write_text(f"{text}economy: {{opening_balance: 7}}\nlog: {{level: DEBUG}}\n")
        await revision(place, 5)
        _, called, _ = await place.ctl("tools", "call", "economy.balance", "--guild", "1", "--user", "77")
        assert called["structured_content"]["balance"] == 7

        said = await place.say("eve", "an unwanted phrase")

        async def removed() -> bool:
            return any(one["id"] == said and one["deleted"] for one in await place.messages())

        await until(removed, "the new keyword does not hold")

        rewrite(short_tmp / "configs/droas.yaml", "http: {port: 0}", "http: {port: 1}")
        waiting = await revision(place, 6)
        assert waiting["waiting"] == ["http"]
        assert (await place.ctl("status"))[1]["configuration"] == ["waits for a restart of the mother: http"]

        (bots / "bot_02.yaml").unlink()
        place.names.remove("guide")
        await until(lambda: _names(place, ["bot_01"]), "the bot was not removed")
        assert not await place.connected("guide")
        assert (await place.all_ready())["bot_01"]["pid"] == first
        assert await place.overlaps() == []


async def _names(place: Town, wanted: list[str]) -> bool:
    return [bot["name"] for bot in (await place.asked("/v1/bots"))["bots"]] == wanted


async def test_two_bots_change_their_tokens(short_tmp: Path) -> None:
    """Each ends before the other has its token; no token is ever online twice."""
    bots = short_tmp / "configs/bots"
    async with town(short_tmp) as place:
        await revision(place, 1)
        one, two = (bots / name for name in ("bot_01.yaml", "bot_02.yaml"))
        texts = one.read_text(), two.read_text()
        one.write_text(texts[1])
        two.write_text(texts[0])
        await revision(place, 2)
        await place.all_ready()
        assert await place.overlaps() == []


async def test_the_last_good_files_outlive_the_mother(short_tmp: Path) -> None:
    """Faulty files: nothing changes, it is told once, and a restart of the mother runs what was good."""
    path = short_tmp / "configs/droas.yaml"
    async with town(short_tmp) as place:
        rewrite(short_tmp / "configs/bots/bot_01.yaml", "You are", "Number 2: you are")
        await revision(place, 2)
        good = path.read_text()
        path.write_text(f"{good}\nno_such_setting: 1\n")
        await until(lambda: "configuration_refused" in place.log(), "nobody has said it")
        await place.stop_mother()
        await place.start_mother()
        await place.all_ready()
        code, status, _ = await place.ctl("config", "status")
        assert (code, status["revision"], status["disk"]) == (1, 2, "faulty")
        assert "no_such_setting" in status["problems"][0]
        assert place.log().count("configuration_refused") == 1
        path.write_text(good)
        await until(lambda: "configuration_mended" in place.log(), "it has not mended")
        assert (await place.ctl("config", "status"))[0] == 0


async def test_one_bot_tries_a_change_before_the_others(short_tmp: Path) -> None:
    """One after which it cannot start is taken back by itself, and said why; one that does well goes on to all."""
    async with town(short_tmp) as place:
        await revision(place, 1)
        path = short_tmp / "configs/droas.yaml"
        path.write_text(f"{path.read_text()}rollout: {{canary: 1, observe_s: 1}}\n")
        await revision(place, 2)
        rewrite(short_tmp / "configs/bots/bot_01.yaml", "${BOT_01_TOKEN}", "${GUARDIAN_TOKEN}x")

        async def taken_back() -> Any:
            status = await place.asked("/v1/config")
            return status if "taken back" in status["held"] else None

        status = await until(taken_back, "it was not taken back")
        assert "bot_01" in status["held"]
        back = await revision(place, 2)
        assert back["disk"] == "differs"
        await asyncio.wait_for(place.all_ready(), 10)
        rewrite(short_tmp / "configs/bots/bot_01.yaml", "${GUARDIAN_TOKEN}x", "${BOT_01_TOKEN}")
        rewrite(short_tmp / "configs/bots/bot_01.yaml", "You are", "As one bot has tried, you are")

        async def tried() -> bool:
            return bool((await place.asked("/v1/config"))["rollout"])

        await until(tried, "nobody tries it")
        status = await place.asked("/v1/config")
        runs = {bot["name"]: bot["wanted"] for bot in status["bots"]}
        assert (runs["bot_01"], runs["bot_02"]) == (status["rollout"]["revision"], 2)
        done = await revision(place, status["rollout"]["revision"])
        assert "bot_01 ran it for 1 s" in done["words"]
        assert done["disk"] == "same"
