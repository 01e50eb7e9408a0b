"""Application commands, and answering those who use them."""

from typing import Any

import pytest

from droas_sandbox.world import talk


@pytest.fixture
async def commands(town: Any) -> str:
    """The path of the bot's global commands."""
    return f"/applications/{town.bot.application_id}/commands"


@pytest.fixture
async def asked(town: Any, rest: Any, control: Any, commands: str) -> Any:
    """An interaction that has just been fired, with its token."""
    await rest("POST", commands, {"name": "ping", "description": "answers"})
    body = {
        "guild_id": town.guild_id,
        "channel_id": town.channel_id,
        "user_id": town.alice_id,
        "application_id": town.bot.application_id,
        "name": "ping",
    }
    fired = (await control("POST", "/interactions", body)).json
    return town.sandbox.world.interactions[fired["id"]]


def _callback(interaction: Any) -> str:
    return f"/interactions/{interaction.id}/{interaction.token}/callback"


async def test_commands_are_upserted_by_name_and_scope(
    town: Any, rest: Any, commands: str, conforms: Any
) -> None:
    """201 when new, 200 when known; global and group scopes have different ids."""
    given = {"name": "ping", "description": "answers"}
    new = await rest("POST", commands, given)
    known = await rest("POST", commands, {**given, "description": "still answers"})
    local = await rest(
        "POST", f"/applications/{town.bot.application_id}/guilds/{town.guild_id}/commands", given
    )
    conforms("ApplicationCommandResponse", new.json)
    assert (new.status, known.status, local.status) == (201, 200, 201)
    assert new.json["id"] == known.json["id"] != local.json["id"]
    assert known.json["description"] == "still answers"
    assert len((await rest("GET", f"{commands}?with_localizations=true")).json) == 1


async def test_commands_are_overwritten_changed_and_deleted(rest: Any, commands: str) -> None:
    """PUT replaces all."""
    await rest("POST", commands, {"name": "old", "description": "x"})
    put = (await rest("PUT", commands, [{"name": n, "description": "x"} for n in ("a", "b")])).json
    assert [command["name"] for command in put] == ["a", "b"]
    changed = await rest("PATCH", f"{commands}/{put[0]['id']}", {"description": "y"})
    assert changed.json["description"] == "y"
    assert (await rest("DELETE", f"{commands}/{put[0]['id']}")).status == 204
    assert (await rest("GET", f"{commands}/{put[0]['id']}")).code == 10063


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Upper", "description": "x"},
        {"name": "two words", "description": "x"},
        {"name": "x" * 33, "description": "x"},
        {"name": "ok", "description": ""},
        {"name": "ok", "description": "x" * 101},
        {"name": "ok", "description": "x", "options": [{"name": "o", "type": 3, "description": "d"}] * 26},
        {"name": "ok", "description": "x", "options": [{"name": "o", "type": 12, "description": "d"}]},
        {"name": "ok", "description": "x", "options": [{"name": "O", "type": 3, "description": "d"}]},
        {"name": "ok", "description": "x", "options": [{"name": "o", "type": 3}]},
        {"name": "ok", "description": "x", "type": 4},
        {"name": "ok", "description": "x", "nsfw": "yes"},
    ],
)
async def test_names_and_descriptions_have_rules(rest: Any, commands: str, body: Any) -> None:
    """Lower case, 32 characters, 25 options."""
    assert (await rest("POST", commands, body)).code == 50035


async def test_foreign_applications_are_out_of_reach(town: Any, rest: Any) -> None:
    """A bot manages its own commands only."""
    assert (await rest("GET", f"/applications/{town.plain.application_id}/commands")).code == 50001


async def test_the_interaction_reaches_its_application(town: Any, asked: Any) -> None:
    """With the person as a member, and that person's permissions."""
    assert asked.data["member"]["user"]["id"] == town.alice_id
    assert int(asked.data["member"]["permissions"]) & 1 << 11
    assert asked.data["data"]["name"] == "ping"


async def test_an_answer_in_time_and_a_second_one(
    town: Any, anonymous: Any, control: Any, asked: Any
) -> None:
    """204 once; then 40060."""
    body = {"type": 4, "data": {"content": "pong"}}
    assert (await anonymous("POST", _callback(asked), body)).status == 204
    again = await anonymous("POST", _callback(asked), body)
    assert (again.status, again.code) == (400, 40060)
    told = (await control("GET", f"/interactions/{asked.id}")).json
    assert (told["state"], told["responses"]) == ("answered", [body])
    shown = (await control("GET", f"/channels/{town.channel_id}/messages")).json[-1]
    assert (shown["content"], shown["author"]["id"]) == ("pong", town.bot.user_id)


async def test_with_response_brings_the_message(anonymous: Any, asked: Any, conforms: Any) -> None:
    """200 with interaction and resource."""
    answer = await anonymous(
        "POST", f"{_callback(asked)}?with_response=true", {"type": 4, "data": {"content": "pong"}}
    )
    assert answer.status == 200
    assert answer.json["resource"]["message"]["content"] == "pong"
    assert answer.json["interaction"]["response_message_id"] == answer.json["resource"]["message"]["id"]
    conforms("MessageResponse", answer.json["resource"]["message"])


async def test_after_three_seconds_the_token_is_dead(town: Any, anonymous: Any, asked: Any) -> None:
    """404 with 10062; so is a wrong token."""
    wrong = await anonymous("POST", f"/interactions/{asked.id}/nonsense/callback", {"type": 4})
    assert (wrong.status, wrong.code) == (404, 10062)
    town.sandbox.clock.offset_s += 3.1
    late = await anonymous("POST", _callback(asked), {"type": 4, "data": {"content": "late"}})
    assert (late.status, late.code) == (404, 10062)


async def test_a_deferral_is_filled_by_the_first_follow_up(town: Any, anonymous: Any, asked: Any) -> None:
    """The placeholder's privacy stays; the next follow-up is a message of its own."""
    await anonymous("POST", _callback(asked), {"type": 5, "data": {"flags": 64}})
    base = f"/webhooks/{asked.application_id}/{asked.token}"
    assert (await anonymous("GET", f"{base}/messages/@original")).code == 10008
    first = (await anonymous("POST", base, {"content": "one"})).json
    second = (await anonymous("POST", base, {"content": "two"})).json
    assert (await anonymous("GET", f"{base}/messages/@original")).json["id"] == first["id"] != second["id"]
    assert (first["flags"], second["flags"]) == (64, 0)
    changed = await anonymous("PATCH", f"{base}/messages/@original", {"content": "ONE"})
    assert changed.json["content"] == "ONE"
    assert (await anonymous("DELETE", f"{base}/messages/@original")).status == 204


async def test_an_ephemeral_answer_is_not_in_the_channel(
    town: Any, rest: Any, anonymous: Any, asked: Any
) -> None:
    """Only the person who asked sees it; the control interface shows it as ephemeral."""
    await anonymous("POST", _callback(asked), {"type": 4, "data": {"content": "psst", "flags": 64}})
    assert (await rest("GET", f"/channels/{town.channel_id}/messages")).json == []
    base = f"/webhooks/{asked.application_id}/{asked.token}"
    assert (await anonymous("GET", f"{base}/messages/@original")).json["content"] == "psst"


async def test_a_deferral_can_be_filled_by_an_edit(anonymous: Any, asked: Any) -> None:
    """PATCH of @original brings the first words."""
    await anonymous("POST", _callback(asked), {"type": 5})
    path = f"/webhooks/{asked.application_id}/{asked.token}/messages/@original"
    assert (await anonymous("PATCH", path, {"content": "done"})).json["content"] == "done"


async def test_after_fifteen_minutes_follow_ups_are_refused(town: Any, anonymous: Any, asked: Any) -> None:
    """401 with 50027."""
    await anonymous("POST", _callback(asked), {"type": 5})
    base = f"/webhooks/{asked.application_id}/{asked.token}"
    town.sandbox.clock.offset_s += 899
    assert (await anonymous("POST", base, {"content": "just in time"})).status == 200
    town.sandbox.clock.offset_s += 2
    late = await anonymous("POST", base, {"content": "late"})
    assert (late.status, late.code) == (401, 50027)


async def test_interactions_are_free_of_the_global_limit(make_town: Any, http: Any) -> None:
    """Callbacks pass while everything else is limited."""
    async with make_town(rate_limits=True, global_per_second=1) as town:
        town.sandbox.clock.now = lambda: 1_800_000_000.0
        rest = http(town.sandbox.api_base, town.bot.token)
        assert [(await rest("GET", "/users/@me")).status for _ in range(2)] == [200, 429]
        assert (await rest("POST", "/interactions/1/x/callback", {"type": 4})).status == 404


async def test_no_more_than_200_commands_are_made_in_a_day(town: Any, rest: Any, commands: str) -> None:
    """Deleting does not help, changing is free, another scope has its own count, tomorrow is another day."""
    for number in range(200):
        made = await rest("POST", commands, {"name": f"c{number}", "description": "x"})
        assert made.status == 201
        if number < 199:
            await rest("DELETE", f"{commands}/{made.json['id']}")
    one_more = {"name": "one-more", "description": "x"}
    refused = await rest("POST", commands, one_more)
    assert (refused.status, refused.code) == (400, 30034)
    assert (await rest("POST", commands, {"name": "c199", "description": "y"})).status == 200
    local = f"/applications/{town.bot.application_id}/guilds/{town.guild_id}/commands"
    assert (await rest("POST", local, one_more)).status == 201
    town.sandbox.clock.offset_s += 86_401
    assert (await rest("POST", commands, one_more)).status == 201


async def test_context_menus_bring_their_target_whole(
    town: Any, rest: Any, control: Any, commands: str
) -> None:
    """The message that a command is used on is readable without the content intent; so is the person."""
    town.bot.privileged = 0
    world = town.sandbox.world
    said = talk.say(world, town.channel_id, world.users[town.alice_id], {"content": "what is this?"})
    for kind, name in ((2, "Who is it"), (3, "Explain")):
        assert (await rest("POST", commands, {"name": name, "type": kind})).status == 201
    used = {"channel_id": town.channel_id, "user_id": town.mallory_id, "application_id": town.bot.user_id}
    on_message = {**used, "name": "Explain", "target_id": said.data["id"]}
    on_person = {**used, "name": "Who is it", "target_id": town.alice_id}
    messages, people = [
        world.interactions[(await control("POST", "/interactions", body)).json["id"]].data["data"]
        for body in (on_message, on_person)
    ]
    assert messages["resolved"]["messages"][said.data["id"]]["content"] == "what is this?"
    assert people["resolved"]["users"][town.alice_id]["username"] == "alice"
    assert people["resolved"]["members"][town.alice_id]["roles"] == []
    gone = await control("POST", "/interactions", {**on_message, "target_id": "1"})
    assert (gone.status, gone.code) == (404, 10008)
