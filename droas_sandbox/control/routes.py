"""`/sandbox/…`: JSON in, JSON out, from this machine only."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from droas_sandbox import permissions
from droas_sandbox.control import seeds
from droas_sandbox.control.stream import Stream
from droas_sandbox.errors import DiscordError
from droas_sandbox.faults import Faults
from droas_sandbox.gateway.routes import Gateway
from droas_sandbox.intents import PRIVILEGED
from droas_sandbox.rest.call import public
from droas_sandbox.rest.door import Door
from droas_sandbox.world import talk
from droas_sandbox.world.state import Event, Interaction, Json
from droas_sandbox.world.world import World

Answer = Any
Handle = Callable[[web.Request, Json], Answer]


class Control:
    """Serves the control interface.

    Args:
        world: what is controlled.
        gateway: all connections.
        door: the REST interface, for its request log.
        faults: what goes wrong.
        stream: the page's events.
    """

    def __init__(self, world: World, gateway: Gateway, door: Door, faults: Faults, stream: Stream) -> None:
        self._world = world
        self._gateway = gateway
        self._door = door
        self._faults = faults
        self._stream = stream

    def routes(self) -> list[web.RouteDef]:
        """Give all routes."""
        table: list[tuple[str, str, Handle]] = [
            ("GET", "/state", self._state),
            ("POST", "/reset", self._reset),
            ("POST", "/seed", self._seed),
            ("POST", "/users", self._add_user),
            ("POST", "/bots", self._add_bot),
            ("POST", "/guilds", self._add_guild),
            ("POST", "/guilds/{guild}/channels", self._add_channel),
            ("POST", "/guilds/{guild}/roles", self._add_role),
            ("PUT", "/guilds/{guild}/members/{user}", self._join),
            ("DELETE", "/guilds/{guild}/members/{user}", self._leave),
            ("GET", "/channels/{channel}/messages", self._messages),
            ("POST", "/channels/{channel}/messages", self._speak),
            ("PATCH", "/channels/{channel}/messages/{message}", self._edit),
            ("DELETE", "/channels/{channel}/messages/{message}", self._delete),
            ("POST", "/channels/{channel}/typing", self._typing),
            ("PUT", "/channels/{channel}/messages/{message}/reactions/{emoji}", self._react),
            ("POST", "/dms", self._dm),
            ("POST", "/interactions", self._interact),
            ("GET", "/interactions/{interaction}", self._interaction),
            ("GET", "/sessions", self._sessions),
            ("GET", "/overlaps", self._overlaps),
            ("GET", "/requests", self._requests),
            ("GET", "/audit/{guild}", self._audit),
            ("GET", "/faults", self._list_faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("DELETE", "/faults/{fault}", self._clear_faults),
            ("POST", "/time", self._time),
        ]
        found = [web.route(method, f"/sandbox{path}", _wrap(handle)) for method, path, handle in table]
        return [*found, web.get("/sandbox/stream", self._stream.serve)]

    # --- the world ------------------------------------------------------------

    def _state(self, _request: web.Request, _body: Json) -> Answer:
        world = self._world
        return {
            "guilds": [
                {
                    "id": guild.id,
                    "name": guild.data["name"],
                    "owner_id": guild.data["owner_id"],
                    "channels": [
                        {key: channel.get(key) for key in ("id", "name", "type", "parent_id")}
                        for channel in guild.channels.values()
                    ],
                    "roles": list(guild.roles.values()),
                    "members": [
                        {
                            "user_id": user_id,
                            **{key: member[key] for key in ("nick", "roles", "communication_disabled_until")},
                        }
                        for user_id, member in guild.members.items()
                    ],
                    "bans": [
                        {"user_id": user_id, "reason": reason} for user_id, reason in guild.bans.items()
                    ],
                }
                for guild in world.guilds.values()
            ],
            "users": [
                {
                    **{key: user[key] for key in ("id", "username", "global_name")},
                    "bot": user.get("bot", False),
                }
                for user in world.users.values()
            ],
            "bots": [self._bot(bot_id) for bot_id in world.bots],
            "dms": [
                {
                    "id": dm["id"],
                    "bot_id": dm["_bot_id"],
                    "recipients": [user["id"] for user in dm["recipients"]],
                }
                for dm in world.dms.values()
            ],
        }

    def _bot(self, bot_id: str) -> Json:
        bot = self._world.bots[bot_id]
        live = self._gateway.hub.live(bot_id)
        return {
            "id": bot_id,
            "username": self._world.users[bot_id]["username"],
            "application_id": bot.application_id,
            "connected": bool(live),
            "sessions_live": len(live),
            "identifies": len(bot.identifies),
        }

    def _reset(self, _request: web.Request, _body: Json) -> Answer:
        self._world.reset()
        self._world.emit(Event(name="reset", data={}))
        return {}

    def _seed(self, request: web.Request, body: Json) -> Answer:
        seeds.plant(self._world, body)
        return self._state(request, body)

    def _add_user(self, _request: web.Request, body: Json) -> Answer:
        return self._world.add_user(body["username"], body.get("global_name"))

    def _add_bot(self, _request: web.Request, body: Json) -> Answer:
        privileged = PRIVILEGED if body.get("privileged_intents", True) else 0
        bot = self._world.add_bot(body["username"], token=body.get("token"), privileged=privileged)
        return {
            "id": bot.user_id,
            "application_id": bot.application_id,
            "username": body["username"],
            "token": bot.token,
        }

    def _add_guild(self, _request: web.Request, body: Json) -> Answer:
        owner = body.get("owner_id") or self._world.add_user(f"owner-{len(self._world.guilds) + 1}")["id"]
        guild = self._world.add_guild(body["name"], str(owner))
        self._world.add_channel(guild, "general")
        return {**guild.data, "channels": list(guild.channels.values())}

    def _add_channel(self, request: web.Request, body: Json) -> Answer:
        guild = self._world.guild(request.match_info["guild"])
        return self._world.add_channel(guild, body["name"], int(body.get("type", 0)))

    def _add_role(self, request: web.Request, body: Json) -> Answer:
        guild = self._world.guild(request.match_info["guild"])
        allowed = permissions.parse(body.get("permissions", 0))
        return self._world.add_role(guild, body["name"], allowed, position=body.get("position"))

    def _join(self, request: web.Request, body: Json) -> Answer:
        guild = self._world.guild(request.match_info["guild"])
        user = self._world.user(request.match_info["user"])
        if user["id"] in guild.bans:
            raise DiscordError(40007, status=403, message="The user is banned from this guild.")
        allowed = permissions.parse(body["permissions"]) if "permissions" in body else None
        self._world.join(
            guild, user["id"], roles=body.get("roles", ()), nick=body.get("nick"), allowed=allowed
        )
        return self._world.member(guild, user["id"])

    def _leave(self, request: web.Request, _body: Json) -> Answer:
        self._world.leave(self._world.guild(request.match_info["guild"]), request.match_info["user"])
        return {}

    # --- talk -----------------------------------------------------------------

    def _messages(self, request: web.Request, _body: Json) -> Answer:
        limit = int(request.query.get("limit", 100))
        kept = list(self._world.messages.get(request.match_info["channel"], {}).values())[-limit:]
        return [
            {
                **talk.shown(message),
                "deleted": message.deleted,
                "deleted_by": message.deleted_by,
                "edits": message.edits,
            }
            for message in kept
        ]

    def _speak(self, request: web.Request, body: Json) -> Answer:
        message = talk.speak(
            self._world,
            request.match_info["channel"],
            str(body["author_id"]),
            str(body["content"]),
            reply_to=body.get("reply_to"),
            force="force" in request.query,
        )
        return talk.shown(message)

    def _edit(self, request: web.Request, body: Json) -> Answer:
        message = talk.find(self._world, request.match_info["channel"], request.match_info["message"])
        author_id = message.data["author"]["id"]
        return talk.shown(talk.edit(self._world, message, author_id, {"content": body["content"]}))

    def _delete(self, request: web.Request, _body: Json) -> Answer:
        message = talk.find(self._world, request.match_info["channel"], request.match_info["message"])
        talk.delete(self._world, message, message.data["author"]["id"])
        return {}

    def _typing(self, request: web.Request, body: Json) -> Answer:
        talk.typing(self._world, request.match_info["channel"], str(body["user_id"]))
        return {}

    def _react(self, request: web.Request, body: Json) -> Answer:
        message = talk.find(self._world, request.match_info["channel"], request.match_info["message"])
        talk.react(self._world, message, str(body["user_id"]), request.match_info["emoji"], add=True)
        return {}

    def _dm(self, _request: web.Request, body: Json) -> Answer:
        return public(self._world.dm(str(body["bot_id"]), str(body["user_id"])))

    # --- interactions ---------------------------------------------------------

    def _interact(self, _request: web.Request, body: Json) -> Answer:
        world = self._world
        guild = world.guild(str(body["guild_id"]))
        application_id = str(body["application_id"])
        found = [
            one for one in world.commands.values()
            if one["application_id"] == application_id and one["name"] == body["name"]
        ]  # fmt: skip
        if not found:
            raise DiscordError(10063)
        channel = guild.channels[str(body["channel_id"])]
        user_id = str(body["user_id"])
        interaction_id = world.snowflakes.new()
        data: Json = {
            "id": interaction_id,
            "application_id": application_id,
            "type": 2,
            "token": f"interaction-{interaction_id}",
            "version": 1,
            "guild_id": guild.id,
            "channel_id": channel["id"],
            "channel": {"id": channel["id"], "type": channel["type"], "name": channel["name"]},
            "member": {
                **world.member(guild, user_id),
                "permissions": str(world.permissions(guild, user_id, channel)),
            },
            "data": {
                "id": found[0]["id"],
                "name": found[0]["name"],
                "type": 1,
                "options": body.get("options", []),
            },
            "app_permissions": str(world.permissions(guild, application_id, channel)),
            "locale": "en-US",
            "guild_locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": guild.id},
            "context": 0,
            "attachment_size_limit": 10_485_760,
        }
        world.interactions[interaction_id] = Interaction(
            id=interaction_id,
            token=data["token"],
            application_id=application_id,
            data=data,
            created_at=world.clock.now(),
        )
        world.emit(Event(name="INTERACTION_CREATE", data=data, only=frozenset({application_id})))
        return {"id": interaction_id}

    def _interaction(self, request: web.Request, _body: Json) -> Answer:
        interaction = self._world.interactions.get(request.match_info["interaction"])
        if interaction is None:
            raise DiscordError(10062)
        return {
            "responded": interaction.responded,
            "deferred": interaction.deferred,
            "ephemeral": interaction.ephemeral,
            "responses": interaction.responses,
            "original": interaction.original,
        }

    # --- looking --------------------------------------------------------------

    def _sessions(self, _request: web.Request, _body: Json) -> Answer:
        return list(self._gateway.hub.describe())

    def _overlaps(self, _request: web.Request, _body: Json) -> Answer:
        return list(self._gateway.hub.overlaps)

    def _requests(self, request: web.Request, _body: Json) -> Answer:
        return list(self._door.log)[-int(request.query.get("limit", 200)) :]

    def _audit(self, request: web.Request, _body: Json) -> Answer:
        return list(self._world.guild(request.match_info["guild"]).audit)

    # --- faults and time ------------------------------------------------------

    def _list_faults(self, _request: web.Request, _body: Json) -> Answer:
        return self._faults.list()

    def _add_fault(self, _request: web.Request, body: Json) -> Answer:
        options = {key: value for key, value in body.items() if key != "kind"}
        fault = self._faults.add(str(body["kind"]), options)
        hit = self._gateway.strike(fault)
        if hit:
            self._faults.clear(fault.id)
        return {"id": fault.id, "hit": hit}

    def _clear_faults(self, request: web.Request, _body: Json) -> Answer:
        self._faults.clear(request.match_info.get("fault"))
        return {}

    def _time(self, _request: web.Request, body: Json) -> Answer:
        self._world.clock.offset_s = float(body["offset_s"])
        return {"now": self._world.clock.now()}


def _wrap(handle: Handle) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Read the body, answer in JSON, and say what is wrong with a request that cannot be served."""

    async def serve(request: web.Request) -> web.Response:
        try:
            body = await request.json() if request.can_read_body else {}
            answer = handle(request, body)
        except DiscordError as error:
            return _json(error.status, error.body())
        except KeyError as error:
            return _json(400, {"message": f"{error} is missing or unknown"})
        except ValueError as error:
            return _json(400, {"message": str(error)})
        return _json(200, answer)

    return serve


def _json(status: int, value: Any) -> web.Response:
    return web.Response(status=status, body=json.dumps(value).encode(), content_type="application/json")
