"""How every answer looks, whatever the route: headers, errors, limits, faults."""

import asyncio
import io
import json
from typing import Any

import aiohttp
import pytest


async def test_every_answer_is_exactly_json_and_has_via(town: Any, rest: Any, anonymous: Any) -> None:
    """No charset behind the content type, and a Via header, on success and on failure."""
    for answer in (
        await rest("GET", "/users/@me"),
        await rest("GET", "/channels/1"),
        await rest("GET", "/nonsense"),
        await anonymous("GET", "/users/@me"),
    ):
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Via"] == "1.1 google"


async def test_a_204_has_no_body_and_no_json(town: Any, rest: Any) -> None:
    """What says nothing is a 204."""
    answer = await rest("POST", f"/channels/{town.channel_id}/typing")
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["Via"] == "1.1 google"


async def test_missing_and_bad_tokens_are_401(town: Any, anonymous: Any, http: Any) -> None:
    """Nobody, a stranger, and a token without `Bot` are all turned away alike."""
    stranger = http(town.sandbox.api_base, "nonsense")
    bare = {"Authorization": town.bot.token}
    for answer in (
        await anonymous("GET", "/users/@me"),
        await stranger("GET", "/users/@me"),
        await anonymous("GET", "/users/@me", headers=bare),
    ):
        assert answer.status == 401
        assert answer.json == {"message": "401: Unauthorized", "code": 0}


@pytest.mark.parametrize("version", ["v6", "v8", "v11", "x"])
async def test_other_versions_are_400(town: Any, http: Any, version: str) -> None:
    """Only 9 and 10 are served."""
    answer = await http(f"{town.sandbox.url}/api/{version}", town.bot.token)("GET", "/users/@me")
    assert (answer.status, answer.code) == (400, 50041)


async def test_version_9_serves_the_same(town: Any, http: Any, rest: Any) -> None:
    """v9 is v10."""
    old = await http(f"{town.sandbox.url}/api/v9", town.bot.token)("GET", "/users/@me")
    assert old.json == (await rest("GET", "/users/@me")).json


async def test_unknown_routes_are_404_with_code_0(town: Any, rest: Any) -> None:
    """A path that is not there."""
    answer = await rest("GET", "/nonsense")
    assert (answer.status, answer.json) == (404, {"message": "404: Not Found", "code": 0})


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/channels/1", 10003),
        ("/guilds/1", 10004),
        ("/guilds/{g}/members/1", 10007),
        ("/channels/{c}/messages/1", 10008),
        ("/guilds/{g}/roles/1", 10011),
        ("/users/1", 10013),
        ("/webhooks/1", 10015),
        ("/guilds/{g}/bans/1", 10026),
    ],
)
async def test_unknown_things_have_their_own_codes(town: Any, rest: Any, path: str, code: int) -> None:
    """Each kind of thing that is not there says so in its own number."""
    answer = await rest("GET", path.format(g=town.guild_id, c=town.channel_id))
    assert (answer.status, answer.code) == (404, code)


async def test_ids_must_be_snowflakes(town: Any, rest: Any) -> None:
    """A path with something else is an invalid form."""
    answer = await rest("GET", "/channels/general")
    assert (answer.status, answer.code) == (400, 50035)
    leaf = answer.json["errors"]["channel_id"]["_errors"][0]
    assert leaf["code"] == "NUMBER_TYPE_COERCE"


async def test_bodies_must_be_json_objects_or_forms(town: Any, rest: Any) -> None:
    """Broken JSON, another type, and other content types are refused."""
    path = f"/channels/{town.channel_id}/messages"
    json_type, text_type = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
    broken = await rest("POST", path, data="{", headers=json_type)
    array = await rest("POST", path, data="[1]", headers=json_type)
    text = await rest("POST", path, data="{}", headers=text_type)
    assert (broken.status, broken.code) == (400, 50109)
    assert (array.status, array.code) == (400, 50035)
    assert (text.status, text.code) == (400, 50035)


@pytest.mark.parametrize(
    "body",
    [
        {"content": {}},
        {"content": "x", "embeds": "y"},
        {"content": "x", "embeds": [1]},
        {"content": "x", "flags": "z"},
        {"content": "x", "allowed_mentions": 5},
        {"content": "x", "message_reference": 5},
        {"content": "x", "components": 5},
        {"content": "x", "attachments": 5},
        {"content": "x", "nonce": "n" * 26},
        {"content": "x", "nonce": [1]},
        {"embeds": [{"title": 5}]},
        {"embeds": [{"title": "x", "color": 1 << 24}]},
        {"embeds": [{"title": "x", "timestamp": "today"}]},
        {"embeds": [{"fields": [{"name": "n"}]}]},
        {"embeds": [{"title": "x", "footer": {"text": 5}}]},
    ],
)
async def test_fields_of_another_type_are_the_clients_fault(town: Any, rest: Any, body: Any) -> None:
    """Nothing that a client sends is a 500."""
    answer = await rest("POST", f"/channels/{town.channel_id}/messages", body)
    assert (answer.status, answer.code) == (400, 50035)


async def test_a_body_above_25_mib_is_413(town: Any, rest: Any) -> None:
    """Request entity too large."""
    path = f"/channels/{town.channel_id}/messages"
    answer = await rest(
        "POST",
        path,
        data=io.BytesIO(b" " * (25 * 1024 * 1024 + 1)),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status, answer.code) == (413, 40005)


# --- limits ---------------------------------------------------------------------


async def test_headers_count_down_and_reset(make_town: Any, http: Any) -> None:
    """Remaining falls with each request; after the reset the window is whole again."""
    async with make_town(rate_limits=True) as town:
        rest = http(town.sandbox.api_base, town.bot.token)
        path = f"/channels/{town.channel_id}/messages"
        answers = [await rest("POST", path, {"content": str(number)}) for number in range(6)]
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers[:5]] == [
            "4",
            "3",
            "2",
            "1",
            "0",
        ]
        assert answers[0].headers["X-RateLimit-Limit"] == "5"
        limited = answers[5]
        assert limited.status == 429
        assert limited.headers["X-RateLimit-Scope"] == "user"
        assert limited.headers["Retry-After"] == "5"
        assert limited.json["global"] is False
        assert 0 < limited.json["retry_after"] <= 5
        reset = float(limited.headers["X-RateLimit-Reset"])
        assert abs(reset - town.sandbox.clock.now() - limited.json["retry_after"]) < 0.5
        town.sandbox.clock.offset_s += 5
        assert (await rest("POST", path, {"content": "again"})).headers["X-RateLimit-Remaining"] == "4"


async def test_channels_never_share_a_bucket(make_town: Any, http: Any) -> None:
    """The bucket's name is the same, the counts are not."""
    async with make_town(rate_limits=True) as town:
        rest = http(town.sandbox.api_base, town.bot.token)
        other = town.sandbox.world.add_channel(town.guild, "other")["id"]
        here = [
            await rest("POST", f"/channels/{town.channel_id}/messages", {"content": "x"}) for _ in "123456"
        ]
        there = await rest("POST", f"/channels/{other}/messages", {"content": "x"})
        assert here[-1].status == 429
        assert there.headers["X-RateLimit-Remaining"] == "4"
        assert there.headers["X-RateLimit-Bucket"] == here[0].headers["X-RateLimit-Bucket"]


async def test_the_51st_request_in_a_second_is_limited_globally(make_town: Any, http: Any) -> None:
    """A global 429 says so in its headers and body."""
    async with make_town(rate_limits=True, global_per_second=50) as town:
        rest = http(town.sandbox.api_base, town.bot.token)
        town.sandbox.clock.now = lambda: 1_800_000_000.0  # the whole burst falls into one second
        answers = await asyncio.gather(*(rest("GET", f"/users/{town.alice_id}") for _ in range(52)))
        limited = [answer for answer in answers if answer.headers.get("X-RateLimit-Global") == "true"]
        assert len(limited) == 2
        assert limited[0].headers["X-RateLimit-Scope"] == "global"
        assert limited[0].json["global"] is True


async def test_too_many_invalid_requests_ban_the_address(make_town: Any, http: Any) -> None:
    """After so many 401s the answer is HTML without Via, until ten minutes have passed."""
    async with make_town(invalid_requests=5) as town:
        stranger = http(town.sandbox.api_base, "nonsense")
        for _ in range(5):
            assert (await stranger("GET", "/users/@me")).status == 401
        friend = http(town.sandbox.api_base, town.bot.token)
        banned = await friend("GET", "/users/@me")
        assert banned.status == 429
        assert "Via" not in banned.headers
        assert banned.headers["Content-Type"].startswith("text/html")
        assert "1015" in banned.text
        town.sandbox.clock.offset_s += 601
        assert (await friend("GET", "/users/@me")).status == 200


async def test_webhooks_of_one_channel_share_thirty_a_minute(make_town: Any, http: Any) -> None:
    """Two webhooks of a channel have one limit above their own."""
    async with make_town(rate_limits=True) as town:
        rest = http(town.sandbox.api_base, town.bot.token)
        hooks = [
            (await rest("POST", f"/channels/{town.channel_id}/webhooks", {"name": name})).json
            for name in "ab"
        ]
        statuses = []
        for number in range(40):
            hook = hooks[number % 2]
            path = f"/webhooks/{hook['id']}/{hook['token']}"
            statuses.append((await rest("POST", path, {"content": str(number)})).status)
            town.sandbox.clock.offset_s += 1.1
        assert statuses.count(204) == 30
        assert set(statuses[30:]) == {429}


# --- faults ---------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_a_429_of_each_scope_on_demand(town: Any, rest: Any, control: Any, scope: str) -> None:
    """Scope, retry_after and the headers of the scope; shared ones do not count towards a ban."""
    await control("POST", "/faults", {"kind": "rate_limit", "scope": scope, "retry_after": 2.5})
    answer = await rest("GET", "/users/@me")
    assert answer.status == 429
    assert answer.headers["X-RateLimit-Scope"] == scope
    assert answer.json["retry_after"] == 2.5
    assert answer.headers["Retry-After"] == "3"
    assert ("X-RateLimit-Global" in answer.headers) is (scope == "global")
    assert answer.headers.get("X-RateLimit-Remaining") == {"user": "0", "shared": "1", "global": None}[scope]
    assert (await rest("GET", "/users/@me")).status == 200


async def test_status_html_and_truncated_answers_on_demand(town: Any, rest: Any, control: Any) -> None:
    """Any status with any body, Cloudflare's page, and JSON cut in two."""
    await control("POST", "/faults", {"kind": "status", "status": 502, "body": "<html>bad gateway</html>"})
    await control("POST", "/faults", {"kind": "html"})
    await control("POST", "/faults", {"kind": "truncate"})
    bad = await rest("GET", "/users/@me")
    html = await rest("GET", "/users/@me")
    cut = await rest("GET", "/users/@me")
    assert (bad.status, bad.headers["Content-Type"]) == (502, "text/html")
    assert (html.status, "Via" in html.headers) == (429, False)
    assert cut.status == 200
    with pytest.raises(json.JSONDecodeError):
        _ = cut.json
    assert (await rest("GET", "/users/@me")).status == 200


async def test_html_of_any_status_on_demand(town: Any, rest: Any, control: Any) -> None:
    """Cloudflare's pages of other errors, as long as it was asked for."""
    await control("POST", "/faults", {"kind": "html", "status": 503, "retry_after": 1.5, "for_s": 60})
    for _ in range(3):
        page = await rest("GET", "/users/@me")
        assert (page.status, "Via" in page.headers, page.headers["Retry-After"]) == (503, False, "2")
        assert "error code: 503" in page.text
    town.sandbox.clock.offset_s += 61
    assert (await rest("GET", "/users/@me")).status == 200


@pytest.mark.parametrize(("when", "messages"), [("before", 0), ("after", 1)])
async def test_a_reset_leaves_the_client_without_an_answer(
    town: Any, rest: Any, control: Any, when: str, messages: int
) -> None:
    """The connection is cut before the request is served, or when it was; a nonce makes the retry safe."""
    await control("POST", "/faults", {"kind": "reset", "when": when, "match": {"method": "POST"}})
    path, body = (
        f"/channels/{town.channel_id}/messages",
        {"content": "once", "nonce": "1", "enforce_nonce": True},
    )
    with pytest.raises(aiohttp.ClientError):
        await rest("POST", path, body)
    assert len((await rest("GET", path)).json) == messages
    assert (await control("GET", "/requests")).json[0]["status"] == 0
    assert (await rest("POST", path, body)).status == 200
    assert len((await rest("GET", path)).json) == 1


async def test_a_skewed_clock_shows_in_the_reset(
    make_town: Any, http: Any, control: Any, session: Any
) -> None:
    """X-RateLimit-Reset is off by as much as was asked for, X-RateLimit-Reset-After is right."""
    async with make_town(rate_limits=True) as town:
        rest = http(town.sandbox.api_base, town.bot.token)
        town.sandbox.faults.add("skew", {"seconds": -3600})
        wrong, right = [(await rest("GET", f"/channels/{town.channel_id}")).headers for _ in range(2)]
        now = town.sandbox.clock.now()
        assert float(wrong["X-RateLimit-Reset"]) - now == pytest.approx(-3595, abs=2)
        assert float(right["X-RateLimit-Reset"]) - now == pytest.approx(5, abs=2)
        assert float(wrong["X-RateLimit-Reset-After"]) == pytest.approx(5, abs=1)


async def test_faults_strike_only_what_they_match(
    town: Any, rest: Any, plain_rest: Any, control: Any
) -> None:
    """By bot, by route, by method."""
    match = {"bot_id": town.bot.user_id, "route": "/channels/.*/messages", "method": "POST"}
    await control("POST", "/faults", {"kind": "status", "status": 500, "for_s": 60, "match": match})
    path = f"/channels/{town.channel_id}/messages"
    assert (await rest("POST", path, {"content": "x"})).status == 500
    assert (await rest("GET", path)).status == 200
    assert (await rest("GET", "/users/@me")).status == 200
    assert (await plain_rest("POST", path, {"content": "x"})).status == 200


async def test_delays_last_as_long_as_asked(town: Any, rest: Any, control: Any) -> None:
    """A delayed answer comes late, and whole."""
    await control("POST", "/faults", {"kind": "delay", "seconds": 0.05})
    loop = asyncio.get_running_loop()
    start = loop.time()
    assert (await rest("GET", "/users/@me")).status == 200
    assert loop.time() - start >= 0.05


async def test_requests_are_logged(town: Any, rest: Any, control: Any) -> None:
    """Method, path, bot, status and time of each request."""
    await rest("GET", "/channels/1")
    last = (await control("GET", "/requests?limit=1")).json[0]
    at = last.pop("at")
    assert last == {"method": "GET", "path": "/api/v10/channels/1", "bot_id": town.bot.user_id, "status": 404}
    assert abs(at - town.sandbox.clock.now()) < 5
