"""How the page looks: in narrow windows, and in both colour schemes."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STICKING_OUT = """() => [...document.querySelectorAll("button, select, textarea, .message, .line, .badge")]
    .filter((one) => one.checkVisibility({visibilityProperty: true}) && !one.closest(".skip, .channels"))
    .map((one) => [one.className || one.tagName, one.getBoundingClientRect().right,
                   one.closest(".talk, .members, .status, .rail, body").getBoundingClientRect().right])
    .filter(([, right, edge]) => right > Math.min(edge, innerWidth) + 0.5)"""
"""Gives what reaches beyond its panel, or beyond the window."""

CONTRASTS = """(places) => {
    const pencil = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const painted = (colours) => {
        pencil.clearRect(0, 0, 1, 1);
        for (const colour of colours) { pencil.fillStyle = colour; pencil.fillRect(0, 0, 1, 1); }
        return [...pencil.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => rgb.map((one) => one / 255)
        .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
    const grounds = (one) => one ? [...grounds(one.parentElement), getComputedStyle(one).backgroundColor] : [];
    return Object.fromEntries(places.map((place) => {
        const one = document.querySelector(place);
        const under = grounds(one), style = getComputedStyle(one);
        const [a, b] = [light(painted(under)), light(painted([...under, style.color]))];
        return [place, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    }));
}"""
"""Gives the contrast of texts against the grounds behind them, as WCAG 2.2 reckons it."""

READ = [
    ".content",
    ".name",
    ".member-name",
    ".place-name",
    ".mention",
    ".code",
    "#channel-head h2",
    ".split .button",
]
GLANCED = [".time", ".section", ".keys", ".line-state"]


@pytest.mark.parametrize("width", [1100, 900, 720, 600, 390])
async def test_narrow_window_has_room_for_everything(town: Any, width: int) -> None:
    """Nothing sticks out of its panel or the window, whatever is said, and one can still write."""
    await town.page.set_viewport_size({"width": width, "height": 700})
    await town.speak("1002", "w" * 300)
    await town.speak("1003", "join discord.gg/x")
    await expect(town.message("discord.gg/x")).to_be_visible()
    assert await town.page.evaluate(STICKING_OUT) == []
    draft = town.page.get_by_label("Message", exact=True)
    await draft.fill("still here")
    await draft.press("Enter")
    await expect(town.message("still here")).to_be_visible()


async def test_on_a_phone_the_members_lie_over_the_talk(empty: Any) -> None:
    """They are away at first, come at a touch, and go again."""
    page = empty.page
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.reload()
    await page.get_by_role("button", name="Make a small town").click()
    members, opener = page.get_by_role("complementary"), page.get_by_role("button", name="Members")
    await expect(opener).to_be_visible()
    await expect(members).to_be_hidden()
    await opener.click()
    await expect(members).to_be_visible()
    await opener.click()
    await expect(members).to_be_hidden()


@pytest.mark.parametrize(("scheme", "ground"), [("dark", "rgb(9, 11, 16)"), ("light", "rgb(228, 231, 238)")])
async def test_words_can_be_read_in_both_schemes(town: Any, scheme: str, ground: str) -> None:
    """Texts stand out from their ground as WCAG asks for: 4.5 to 1, and 3 to 1 for what is only glanced at."""
    page = town.page
    await page.emulate_media(color_scheme=scheme)
    await town.speak("1002", "a word for <@2001> and `code`")
    await expect(town.message("a word for")).to_be_visible()
    await expect(page.locator("body")).to_have_css("background-color", re.compile(re.escape(ground)))
    read = await page.evaluate(CONTRASTS, READ)
    assert {place: ratio for place, ratio in read.items() if ratio < 4.5} == {}
    glanced = await page.evaluate(CONTRASTS, GLANCED)
    assert {place: ratio for place, ratio in glanced.items() if ratio < 3} == {}
