"""The page at `/`, as a person uses it in a real browser."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import expect

from droas_sandbox.clock import iso

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_empty_world_says_how_to_fill_it(empty: Any) -> None:
    """Without a guild the page gives instructions, and a button that makes a town."""
    await expect(empty.page.get_by_text("This world is still empty")).to_be_visible()
    await expect(empty.page.locator("pre")).to_contain_text(f"{empty.sandbox.url}/sandbox")
    await empty.page.get_by_role("button", name="Make a small town").click()
    await expect(empty.page.get_by_role("navigation", name="Guilds").get_by_role("button")).to_have_count(2)


async def test_page_shows_guild_channels_and_members(town: Any) -> None:
    """Everything of the world has its place: guild, channels, bots with badges, people."""
    page = town.page
    await expect(page.get_by_role("heading", name="Harbour")).to_be_visible()
    await expect(page.locator("#channel-list .place-name")).to_have_text(["general", "coins"])
    await expect(page.locator(".member-name")).to_have_text(["guardian", "helper", "Ada", "Grace", "mallory"])
    await expect(page.locator(".member .badge")).to_have_count(2)
    await expect(page.get_by_test_id("bots")).to_have_text("0 of 2 bots connected")


async def test_message_appears_as_it_is_said(town: Any) -> None:
    """What is said elsewhere stands on the page without a reload, with its marks rendered."""
    await town.speak("1002", "a **bold** word for <@2001> and `code`")
    row = town.message("a bold word for @helper and code")
    await expect(row).to_be_visible()
    await expect(row.locator("strong")).to_have_text("bold")
    await expect(row.locator("code")).to_have_text("code")
    await expect(row.locator(".mention")).to_have_text("@helper")


async def test_message_elsewhere_marks_its_channel(town: Any) -> None:
    """A message in another channel makes that channel stand out until it is opened."""
    await town.speak("1002", "over here", channel="coins")
    place = town.page.locator("#channel-list .place", has_text="coins")
    await expect(place).to_have_attribute("data-unread", "")
    await place.click()
    await expect(town.message("over here")).to_be_visible()
    await expect(place).not_to_have_attribute("data-unread", "")


async def test_markup_of_a_message_is_text(town: Any) -> None:
    """HTML in a message is shown as it was written, and never becomes an element."""
    nasty = '<img src=x onerror="document.title=1"> **<script>alert(1)</script>** `</code><b>`'
    await town.speak("1003", nasty)
    row = town.message("onerror")
    await expect(row).to_contain_text(
        '<img src=x onerror="document.title=1"> <script>alert(1)</script> </code><b>'
    )
    assert await row.locator("img, script, b").count() == 0


async def test_one_writes_as_anybody(town: Any) -> None:
    """A message is sent with Enter as the chosen person, and names after @ become mentions."""
    page = town.page
    await page.get_by_label("Write as").select_option("Grace")
    await page.get_by_label("Message", exact=True).fill("hello @helper")
    await page.keyboard.press("Enter")
    await expect(town.message("hello @helper")).to_be_visible()
    (message,) = await town.said()
    assert (message["author"]["id"], message["content"]) == ("1002", "hello <@2001>")


async def test_click_on_a_message_answers_it(town: Any) -> None:
    """A clicked message is replied to; the reply shows what it answers, in the world and on the page."""
    asked = await town.speak("1002", "who is there?")
    await town.message("who is there?").click()
    await expect(town.page.get_by_text("Replying to Grace")).to_be_visible()
    await town.page.get_by_label("Message", exact=True).fill("it is me")
    await town.page.keyboard.press("Enter")
    await expect(town.message("it is me").locator(".reply-text")).to_have_text("who is there?")
    assert (await town.said())[-1]["message_reference"]["message_id"] == asked


async def test_people_are_offered_after_an_at_sign(town: Any) -> None:
    """While a name is typed the list can be used with the keyboard alone."""
    draft = town.page.get_by_label("Message", exact=True)
    offers = town.page.get_by_role("listbox", name="People").get_by_role("option")
    await draft.press_sequentially("hi @a")
    await expect(offers).to_contain_text(["Ada", "guardian", "Grace", "mallory"])
    await draft.press_sequentially("d")
    await expect(offers).to_contain_text(["Ada"])
    await draft.press("Enter")
    await expect(draft).to_have_value("hi @Ada ")


async def test_ask_button_mentions_the_bot_that_chats(town: Any) -> None:
    """The question goes to the bot without moderating rights, as a mention."""
    await town.page.get_by_label("Message", exact=True).fill("what can you do?")
    await town.page.get_by_role("button", name="Ask the bot").click()
    await expect(town.message("@helper what can you do?")).to_be_visible()
    assert [user["id"] for user in (await town.said())[0]["mentions"]] == ["2001"]


async def test_spam_button_sends_a_wave(town: Any) -> None:
    """A newcomer joins and writes the same invitation again and again."""
    await town.page.get_by_role("button", name="Spam").click()
    await expect(town.page.get_by_text("Spam: 8 of 8 messages got through.")).to_be_visible()
    said = await town.said()
    assert len({(message["author"]["id"], message["content"]) for message in said}) == 1
    assert (len(said), "discord.gg/" in said[0]["content"]) == (8, True)
    await expect(town.page.locator(".message")).to_have_count(8)


async def test_raid_button_brings_twenty(town: Any) -> None:
    """Twenty newcomers join, told in one line, and each writes."""
    await town.page.get_by_role("button", name="Raid").click()
    await expect(town.page.get_by_text("Raid: 20 of 20 messages got through.")).to_be_visible()
    await expect(town.page.locator(".line[data-kind=join]")).to_contain_text("and 17 more joined")
    assert len({message["author"]["id"] for message in await town.said()}) == 20
    assert len(town.sandbox.world.guilds["3001"].members) == 25


async def test_edit_is_marked(town: Any) -> None:
    """An edited message shows its new text, and that it was edited."""
    message = await town.speak("1002", "first words")
    await expect(town.message("first words")).to_be_visible()
    path = f"/sandbox/channels/{town.channel()}/messages/{message}"
    await town.http.patch(path, json={"content": "second words"})
    await expect(town.message("second words (edited)")).to_be_visible()
    await expect(town.message("first words")).to_have_count(0)


async def test_deletion_by_a_moderator_stays_visible(town: Any) -> None:
    """A deleted message stays, struck through, with who deleted it and why; also after a reload."""
    message = await town.speak("1003", "join discord.gg/x")
    await town.moderate("DELETE", f"/channels/{town.channel()}/messages/{message}")
    row = town.message("join discord.gg/x")
    await expect(row.locator("del")).to_be_visible()
    await expect(row.locator(".fate")).to_have_text("deleted by moderation · guardian · invite link")
    await town.page.reload()
    await expect(row.locator(".fate")).to_have_text("deleted by moderation · guardian · invite link")


@pytest.mark.parametrize("known", [True, False], ids=["shown before", "opened first"])
async def test_deletion_is_not_forgotten_by_an_older_reading(town: Any, known: bool) -> None:
    """A channel that was read before a deletion, but answered after it, does not undo what is known of it."""
    page, channel = town.page, town.channel()
    message = await town.speak("1003", "join discord.gg/x")
    row = town.message("join discord.gg/x")
    await expect(row).to_be_visible()
    read, told = asyncio.Event(), asyncio.Event()

    async def answer_late(route: Any) -> None:
        answer = await route.fetch()
        read.set()
        await told.wait()
        await route.fulfill(response=answer)

    await page.route(re.compile("/channels/.*/messages"), answer_late)
    if known:
        await page.locator("#channel-list .place", has_text="general").click()
    else:
        await page.reload()
    await read.wait()
    await town.moderate("DELETE", f"/channels/{channel}/messages/{message}")
    await town.http.post(f"/sandbox/channels/{channel}/typing", json={"user_id": "2001"})
    await expect(page.get_by_text("helper is typing")).to_be_visible()
    async with page.expect_response(re.compile("/channels/.*/messages")):
        told.set()
    await town.speak("1002", "and on it goes")
    await expect(town.message("and on it goes")).to_be_visible()
    await expect(row.locator(".fate")).to_have_text("deleted by moderation · guardian · invite link")


async def test_timeout_is_told_and_counts_down(town: Any) -> None:
    """A time-out has a line with its moderator and reason, and a countdown beside the member."""
    until = iso(town.sandbox.clock.now() + 600)
    await town.moderate("PATCH", "/guilds/3001/members/1003", json={"communication_disabled_until": until})
    line = town.page.locator(".line[data-kind=timeout]")
    await expect(line).to_contain_text("mallory was timed out by guardian")
    await expect(line).to_contain_text("invite link")
    await expect(town.page.locator("[data-user='1003'] .timer")).to_have_text(re.compile(r"^(10:00|9:5\d)$"))
    await expect(line).to_have_count(1)


async def test_ban_is_told_once(town: Any) -> None:
    """A ban is one line, not a leave and a ban, and the banned stand at the end of the list."""
    await town.moderate("PUT", "/guilds/3001/bans/1003", json={})
    line = town.page.locator(".line")
    await expect(line).to_have_text(re.compile("mallory was banned by guardian · invite link"))
    await expect(town.page.locator(".banned")).to_have_text("mallory")
    await expect(town.page.locator(".member-name", has_text="mallory")).to_have_count(0)


async def test_typing_is_shown(town: Any) -> None:
    """Somebody who types is named under the box until his message comes."""
    await town.http.post(f"/sandbox/channels/{town.channel()}/typing", json={"user_id": "2001"})
    await expect(town.page.get_by_text("helper is typing")).to_be_visible()
    await town.speak("2001", "there it is")
    await expect(town.page.get_by_text("helper is typing")).to_have_count(0)


async def test_fault_menu_arms_and_clears(town: Any) -> None:
    """A fault of the menu is armed in the sandbox, shown, and cleared."""
    page = town.page
    await page.get_by_role("button", name="Faults").click()
    await page.get_by_role("button", name="Cut the next answer").click()
    await expect(page.get_by_text("1 left, struck 0")).to_be_visible()
    assert [fault["kind"] for fault in town.sandbox.faults.list()] == ["model_cut"]
    await page.get_by_role("button", name="Clear all").click()
    await expect(page.get_by_text("No fault is armed.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("group", name="Faults")).to_be_hidden()


async def test_bot_is_written_to_directly(town: Any) -> None:
    """A direct message is opened with a bot and written in as the chosen person."""
    page = town.page
    await page.get_by_role("button", name="Direct messages").click()
    await page.get_by_role("button", name="as Ada to helper").click()
    await page.get_by_label("Message", exact=True).fill("just between us")
    await page.keyboard.press("Enter")
    await expect(town.message("just between us")).to_be_visible()
    (dm,) = town.sandbox.world.dms.values()
    assert [user["id"] for user in dm["recipients"]] == ["1001"]
