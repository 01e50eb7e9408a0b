"""The mother's acting hand against a Discord that says what a test wants: real requests, real nextcord."""

import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import nextcord
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_mother.adapters.discord import moderating
from droas_mother.adapters.discord.moderating import DiscordModerator
from droas_mother.core.protection.deletions import PartlyDeletedError

GUILD, CHANNEL, MEMBER = Snowflake("1"), Snowflake("2"), Snowflake("9")
JSON = {"content-type": "application/json"}
LIMITS = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "999", "X-RateLimit-Reset-After": "1"}


def refusal(status: int, code: int) -> Callable[[], web.Response]:
    """Give an answer that refuses."""
    body = json.dumps({"code": code, "message": "no"}).encode()
    return lambda: web.Response(status=status, body=body, headers=JSON)


class Discord:
    """Answers as a test says: by method and the end of the path, else that it is done."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Callable[[], Any]] = {}

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request."""
        what = f"{request.method} {request.path.split('/')[-1]}"
        self.asked.append(what)
        answer = self.answers.get(what, lambda: web.Response(status=204))()
        answer.headers.update(LIMITS)
        return answer  # type: ignore[no-any-return]  # the answers are prepared by tests


@pytest.fixture
async def world() -> AsyncIterator[Discord]:
    """Give a Discord."""
    made = Discord()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.serve)
    async with TestServer(app, host="127.0.0.1") as server:
        made.base = f"http://127.0.0.1:{server.port}"  # type: ignore[attr-defined]
        yield made


@pytest.fixture
async def moderator(world: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordModerator]:
    """Give a moderator that is connected to it."""
    monkeypatch.setattr(nextcord.http.Route, "BASE", world.base)
    http = nextcord.http.HTTPClient(dispatch=lambda *_: None, default_auth="Bot none")
    connection: Any = SimpleNamespace(client=SimpleNamespace(http=http))
    yield DiscordModerator(connection)
    await http.close()


async def delete(moderator: DiscordModerator, *ids: str) -> None:
    """Delete messages of the channel."""
    await moderator.delete_messages(CHANNEL, [Snowflake(one) for one in ids], reason="flood")


async def time_out(moderator: DiscordModerator, member: str = MEMBER) -> None:
    """Silence a member."""
    await moderator.time_out(GUILD, Snowflake(member), seconds=60, reason="flood")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, b"<html>Bad gateway</html>"),
        (502, b"\xff\xfe"),
        (503, b'{"message": null}'),
        (403, b'{"message": null}'),
        (503, b"502"),
        (403, b"true"),
    ],
    ids=["html", "no-utf-8", "no-words", "no-words-403", "a-number", "a-truth"],
)
async def test_an_answer_that_is_none_is_the_worlds_fault(
    world: Discord, moderator: DiscordModerator, status: int, body: bytes
) -> None:
    """What a proxy says in Discord's name may be different in a while."""
    world.answers["PATCH 9"] = lambda: web.Response(status=status, body=body, headers=JSON)
    with pytest.raises(OutsideError, match="cannot be read") as caught:
        await time_out(moderator)
    assert caught.value.retry_after_s == 5


async def test_an_act_has_its_time(
    world: Discord, moderator: DiscordModerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that fails is not waited for until nextcord gives up."""
    monkeypatch.setattr(moderating, "_CALL_S", 0.1)
    world.answers["PATCH 9"] = lambda: web.Response(status=502, text="no")
    with pytest.raises(OutsideError, match="TimeoutError") as caught:
        await time_out(moderator)
    assert caught.value.retry_after_s == 5


async def test_what_is_gone_is_no_error(world: Discord, moderator: DiscordModerator) -> None:
    """Somebody was quicker, or the member has left."""
    world.answers = {"DELETE 3": refusal(404, 10008), "PATCH 9": refusal(404, 10007)}
    await delete(moderator, "3")
    await time_out(moderator)


async def test_a_bulk_that_is_refused_is_done_one_by_one(world: Discord, moderator: DiscordModerator) -> None:
    """One message that is too old, or Discord's own, keeps no other."""
    world.answers = {"POST bulk-delete": refusal(400, 50034), "DELETE 4": refusal(403, 50021)}
    with pytest.raises(OutsideError, match="system messages") as caught:
        await delete(moderator, "3", "4", "5")
    assert caught.value.retry_after_s is None
    assert isinstance(caught.value, PartlyDeletedError)
    assert caught.value.left == {"4"}
    assert world.asked == ["POST bulk-delete", "DELETE 3", "DELETE 4", "DELETE 5"]
    world.answers = {"POST bulk-delete": refusal(400, 50034)}
    await delete(moderator, "3", "5")


async def test_what_is_left_when_discord_fails_half_way_is_told(
    world: Discord, moderator: DiscordModerator
) -> None:
    """What is gone already need not be deleted once more."""
    world.answers = {"POST bulk-delete": refusal(400, 50034), "DELETE 4": refusal(503, 0)}
    with pytest.raises(PartlyDeletedError, match="answered 503") as caught:
        await delete(moderator, "3", "4", "5")
    assert caught.value.retry_after_s == 5
    assert caught.value.left == {"4", "5"}


async def test_a_channel_that_is_forbidden_is_left_alone_for_a_while(
    world: Discord, moderator: DiscordModerator
) -> None:
    """Without the right there is one refusal, however much is to be deleted."""
    world.answers["POST bulk-delete"] = refusal(403, 50013)
    for ids in (("3", "4"), ("5", "6"), ("7",)):
        with pytest.raises(OutsideError, match="check the bot's role") as caught:
            await delete(moderator, *ids)
        assert caught.value.retry_after_s is None
    assert world.asked == ["POST bulk-delete"]
    await moderator.delete_messages(Snowflake("20"), [Snowflake("8")], reason="flood")
    assert world.asked[-1] == "DELETE 8"


async def test_a_member_above_the_bot_is_left_alone_for_a_while(
    world: Discord, moderator: DiscordModerator
) -> None:
    """He is not asked for at each offence; others are."""
    world.answers["PATCH 9"] = refusal(403, 50013)
    for _ in range(3):
        with pytest.raises(OutsideError, match="check the bot's role"):
            await time_out(moderator)
    await time_out(moderator, "8")
    assert world.asked == ["PATCH 9", "PATCH 8"]


async def test_who_is_not_known_is_not_asked_again(world: Discord, moderator: DiscordModerator) -> None:
    """A token that Discord no longer takes makes one refused request, not one for each message."""
    world.answers["POST bulk-delete"] = refusal(401, 0)
    with pytest.raises(OutsideError, match="answered 401") as caught:
        await delete(moderator, "3", "4")
    assert caught.value.retry_after_s is None
    for act in (delete(moderator, "5", "6"), delete(moderator, "7"), time_out(moderator)):
        with pytest.raises(OutsideError, match="check its token") as caught:
            await act
        assert caught.value.retry_after_s is None
    assert world.asked == ["POST bulk-delete"]


@pytest.mark.parametrize(("said", "least_s"), [({"Retry-After": "3600"}, 3500), ({}, 500)])
async def test_who_is_shut_out_asks_for_nothing_until_it_may(
    world: Discord,
    moderator: DiscordModerator,
    said: dict[str, str],
    least_s: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What Discord says to an address that was refused too often holds for every act, and each is tried again then."""
    monkeypatch.setattr(moderating, "_AGAIN_S", 600.0)
    world.answers["PATCH 9"] = lambda: web.Response(status=429, text="rate limited", headers=said)
    with pytest.raises(OutsideError, match="answered 429") as caught:
        await time_out(moderator)
    for act in (time_out(moderator), time_out(moderator, "8"), delete(moderator, "3", "4")):
        assert caught.value.retry_after_s is not None
        assert caught.value.retry_after_s > least_s
        with pytest.raises(OutsideError, match="takes no requests") as caught:
            await act
    assert world.asked == ["PATCH 9"]


async def test_a_hold_has_an_end(world: Discord, moderator: DiscordModerator) -> None:
    """Discord is asked again when it said so."""
    said = {"Retry-After": "0"}
    world.answers["PATCH 9"] = lambda: web.Response(status=429, text="rate limited", headers=said)
    with pytest.raises(OutsideError, match="answered 429"):
        await time_out(moderator)
    await time_out(moderator, "8")
    assert world.asked == ["PATCH 9", "PATCH 8"]


async def test_without_a_connection_a_later_try_may_do() -> None:
    """A client that is just being replaced is a matter of seconds."""
    connection: Any = SimpleNamespace(client=None)
    with pytest.raises(OutsideError, match="not connected") as caught:
        await delete(DiscordModerator(connection), "3")
    assert caught.value.retry_after_s == 5
