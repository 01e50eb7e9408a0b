"""Members of groups: reading, changing, kicking."""

from droas_sandbox.errors import DiscordError
from droas_sandbox.intents import GUILD_MEMBERS
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world import moderation


def _list(call: Call) -> Answer:
    guild = call.guild()
    if call.bot is not None and not call.bot.privileged & GUILD_MEMBERS:
        raise DiscordError(50001)
    limit, after = call.number("limit", 1, 1, 1000), int(call.query.get("after", 0))
    ids = sorted((user_id for user_id in guild.members if int(user_id) > after), key=int)
    return [call.world.member(guild, user_id) for user_id in ids[:limit]]


def _search(call: Call) -> Answer:
    guild = call.guild()
    query, limit = call.query.get("query", "").lower(), call.number("limit", 1, 1, 1000)
    found = [
        user_id
        for user_id, member in guild.members.items()
        if call.world.users[user_id]["username"].lower().startswith(query)
        or (member["nick"] or "").lower().startswith(query or "\0")
    ]
    return [call.world.member(guild, user_id) for user_id in found[:limit]]


def _get(call: Call) -> Answer:
    return call.world.member(call.guild(), call.path["user_id"])


def _edit(call: Call) -> Answer:
    user_id = call.path["user_id"]
    return moderation.edit_member(call.world, call.guild(), call.me, user_id, call.form, call.reason)


def _edit_myself(call: Call) -> Answer:
    given = {key: value for key, value in call.form.items() if key == "nick"}
    return moderation.edit_member(call.world, call.guild(), call.me, call.me, given, call.reason)


def _kick(call: Call) -> Answer:
    moderation.kick(call.world, call.guild(), call.me, call.path["user_id"], call.reason)


def _add_role(call: Call) -> Answer:
    _change_role(call, add=True)


def _remove_role(call: Call) -> Answer:
    _change_role(call, add=False)


def _change_role(call: Call, *, add: bool) -> None:
    user_id, role_id = call.path["user_id"], call.path["role_id"]
    moderation.change_role(call.world, call.guild(), call.me, user_id, role_id, add=add, reason=call.reason)


def _leave(call: Call) -> Answer:
    call.world.leave(call.guild(), call.me)


def _me_there(call: Call) -> Answer:
    return call.world.member(call.guild(), call.me)


_M = "/guilds/{guild_id}/members"
_ONE = _M + "/{user_id}"
ROUTES = [
    Route("GET", _M, _list),
    Route("GET", _M + "/search", _search),
    Route("PATCH", _M + "/@me", _edit_myself),
    Route("PATCH", _M + "/@me/nick", _edit_myself),
    Route("GET", _ONE, _get),
    Route("PATCH", _ONE, _edit),
    Route("DELETE", _ONE, _kick),
    Route("PUT", _ONE + "/roles/{role_id}", _add_role),
    Route("DELETE", _ONE + "/roles/{role_id}", _remove_role),
    Route("GET", "/users/@me/guilds/{guild_id}/member", _me_there),
    Route("DELETE", "/users/@me/guilds/{guild_id}", _leave),
]
