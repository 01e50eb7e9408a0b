"""Buttons and menus below messages."""

from typing import Any

import pytest

BUTTON = {"type": 2, "style": 1, "custom_id": "go", "label": "Go"}
LINK = {"type": 2, "style": 5, "url": "https://127.0.0.1/", "label": "Read"}
MENU = {"type": 3, "custom_id": "pick", "options": [{"label": "One", "value": "1"}]}


def _row(*inner: Any) -> dict[str, Any]:
    return {"type": 1, "components": list(inner)}


@pytest.mark.parametrize(
    "components", [[_row(BUTTON, LINK)], [_row(MENU)], [_row({"type": 5, "custom_id": "who"})]]
)
async def test_components_are_kept_and_numbered(town: Any, rest: Any, components: Any) -> None:
    """Each gets an `id` of its own; unknown fields are dropped; an edit changes them."""
    path = f"/channels/{town.channel_id}/messages"
    made = (await rest("POST", path, {"content": "x", "components": components})).json
    inner = [one for row in made["components"] for one in row["components"]]
    assert [made["components"][0]["id"], *(one["id"] for one in inner)] == list(range(1, len(inner) + 2))
    assert inner[0].items() >= components[0]["components"][0].items()
    changed = await rest("PATCH", f"{path}/{made['id']}", {"components": []})
    assert changed.json["components"] == []


@pytest.mark.parametrize(
    "components",
    [
        5,
        ["x"],
        [{"type": 2}],
        [{"type": True, "components": [BUTTON]}],
        [_row()],
        [_row(*[BUTTON] * 6)],
        [_row(BUTTON)] * 6,
        [_row(BUTTON, MENU)],
        [_row({**BUTTON, "style": 7})],
        [_row({**BUTTON, "custom_id": ""})],
        [_row({**BUTTON, "label": "x" * 81})],
        [_row({**BUTTON, "label": 5})],
        [_row({"type": 2, "style": 5, "label": "no address"})],
        [_row({**MENU, "options": []})],
        [_row({**MENU, "options": [{"label": "One"}]})],
        [_row({**MENU, "max_values": 26})],
        [{"type": 10}],
    ],
)
async def test_half_made_components_are_refused(town: Any, rest: Any, components: Any) -> None:
    """Nothing is kept that would break a client which reads it."""
    answer = await rest(
        "POST", f"/channels/{town.channel_id}/messages", {"content": "x", "components": components}
    )
    assert (answer.status, answer.code) == (400, 50035)
