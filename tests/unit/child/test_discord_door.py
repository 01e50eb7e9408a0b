"""The door to Discord: whatever goes wrong behind it is the world's failure."""

import json
from types import SimpleNamespace
from typing import Any

import nextcord
import pytest

from droas_child.adapters.discord import DiscordSpeaker
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake

CHANNEL, MESSAGE = Snowflake("20"), Snowflake("500")


def door(answer: Any) -> DiscordSpeaker:
    """Give a door behind which every request has this answer, or raises it."""

    async def request(*_given: Any, **_more: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = SimpleNamespace(request=request, logs_from=request)
    client = SimpleNamespace(http=http, user=SimpleNamespace(id=99))
    connection: Any = SimpleNamespace(client=client)
    return DiscordSpeaker(lambda: connection)


@pytest.mark.parametrize(
    "error",
    [
        json.JSONDecodeError("no JSON", "<html>", 0),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no UTF-8"),
        ValueError("the bucket to migrate to was not found"),
        KeyError("retry_after"),
        AttributeError("'str' object has no attribute 'get'"),
        nextcord.InvalidArgument("odd"),
        RuntimeError("session is closed"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_the_library_raises_is_a_failure_of_the_world(error: Exception) -> None:
    """Nobody behind the door has to know the library's mistakes."""
    speaker = door(error)
    for act in (
        speaker.say(CHANNEL, "hi", reply_to=None, nonce="n"),
        speaker.change(CHANNEL, MESSAGE, "hi"),
        speaker.take_back(CHANNEL, MESSAGE),
        speaker.show_typing(CHANNEL),
        speaker.history(CHANNEL, MESSAGE, 5),
    ):
        with pytest.raises(OutsideError):
            await act


@pytest.mark.parametrize("answer", [{}, "<html>", None, 5], ids=repr)
async def test_an_answer_without_an_id_is_a_failure_of_the_world(answer: Any) -> None:
    """A proxy's page with status 200 is no message."""
    with pytest.raises(OutsideError):
        await door(answer).say(CHANNEL, "hi", reply_to=None, nonce="n")


@pytest.mark.parametrize(
    "answer",
    [
        [{"id": "1", "content": "hi"}],
        [{"id": "1", "author": {"id": "7", "username": "ada"}}],
        [{"id": "1", "content": "hi", "author": None}],
        "<html>",
        None,
    ],
    ids=repr,
)
async def test_a_past_with_missing_fields_is_a_failure_of_the_world(answer: Any) -> None:
    """Without the past a question can still be answered; with a KeyError it could not."""
    with pytest.raises(OutsideError):
        await door(answer).history(CHANNEL, MESSAGE, 5)


async def test_the_past_is_given_oldest_first() -> None:
    """Discord gives the newest first; own words are known by their author."""
    rows = [
        {"id": "2", "content": "hello", "author": {"id": "99", "username": "helper"}},
        {"id": "1", "content": "hi", "author": {"id": "7", "username": "ada", "global_name": "Ada"}},
    ]
    past = await door(rows).history(CHANNEL, MESSAGE, 5)
    assert [(said.author_name, said.text, said.mine) for said in past] == [
        ("Ada", "hi", False),
        ("helper", "hello", True),
    ]
