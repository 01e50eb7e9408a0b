"""`/sandbox/…`: JSON in, JSON out, from this machine only."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from droas_sandbox import permissions
from droas_sandbox.control import interactions, picture
from droas_sandbox.control.stream import Stream
from droas_sandbox.errors import DiscordError
from droas_sandbox.faults import Faults
from droas_sandbox.gateway.routes import Gateway
from droas_sandbox.rest.call import public
from droas_sandbox.rest.door import Door
from droas_sandbox.world import history, moderation, reactions, removal, talk
from droas_sandbox.world.state import Json
from droas_sandbox.world.world import World

Answer = Any
Handle = Callable[[web.Request, Json], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Serves the control interface.

    Args:
        world: what is controlled.
        gateway: all connections.
        door: the REST interface, for its request log.
        faults: what goes wrong.
        stream: the page's events.
        plant: makes a world from a document.
        reset: forgets everything.
    """

    world: World
    gateway: Gateway
    door: Door
    faults: Faults
    stream: Stream
    plant: Callable[[Json], None]
    reset: Callable[[], None]

    def routes(self) -> list[web.RouteDef]:
        """Give all routes."""
        message = "/channels/{channel}/messages/{message}"
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
            ("PATCH", message, self._edit),
            ("DELETE", message, self._delete),
            ("POST", "/channels/{channel}/typing", self._typing),
            ("PUT", message + "/reactions/{emoji}", self._react),
            ("DELETE", message + "/reactions/{emoji}", self._unreact),
            ("POST", "/dms", self._dm),
            ("POST", "/interactions", self._interact),
            ("GET", "/interactions/{interaction}", self._interaction),
            ("GET", "/sessions", self._sessions),
            ("GET", "/overlaps", self._overlaps),
            ("GET", "/requests", self._requests),
            ("GET", "/audit/{guild}", self._audit),
            ("GET", "/faults", self._list_faults),
            ("GET", "/faults/{fault}", self._one_fault),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("DELETE", "/faults/{fault}", self._clear_faults),
            ("GET", "/time", self._now),
            ("POST", "/time", self._time),
        ]
        found = [web.route(method, f"/sandbox{path}", _wrap(handle)) for method, path, handle in table]
        return [*found, web.get("/sandbox/stream", self.stream.serve)]

    # --- the world ------------------------------------------------------------

    def _state(self, _request: web.Request, _body: Json) -> Answer:
        return picture.state(self.world, self.gateway.hub)

    def _reset(self, _request: web.Request, _body: Json) -> Answer:
        self.reset()
        return {}

    def _seed(self, request: web.Request, body: Json) -> Answer:
        self.plant(body)
        return self._state(request, body)

    def _add_user(self, _request: web.Request, body: Json) -> Answer:
        user = self.world.add_user(str(body["username"]), body.get("global_name"))
        if body.get("dms_closed"):
            self.world.closed_dms.add(user["id"])
        return user

    def _add_bot(self, _request: web.Request, body: Json) -> Answer:
        bot = self.world.add_bot(
            str(body["username"]), token=body.get("token"), global_name=body.get("global_name")
        )
        if not body.get("privileged_intents", True):
            bot.privileged = 0
        told = {"id": bot.user_id, "application_id": bot.application_id}
        return {**told, "username": body["username"], "token": bot.token}

    def _add_guild(self, _request: web.Request, body: Json) -> Answer:
        owner = body.get("owner_id") or self.world.add_user(f"owner-{len(self.world.guilds) + 1}")["id"]
        self.world.user(str(owner))
        guild = self.world.add_guild(str(body["name"]), str(owner))
        self.world.add_channel(guild, "general")
        return {**guild.data, **picture.guild_of(guild)}

    def _add_channel(self, request: web.Request, body: Json) -> Answer:
        guild = self.world.guild(request.match_info["guild"])
        return self.world.add_channel(guild, str(body["name"]), int(body.get("type", 0)))

    def _add_role(self, request: web.Request, body: Json) -> Answer:
        guild = self.world.guild(request.match_info["guild"])
        allowed = permissions.parse(body.get("permissions", 0))
        return self.world.add_role(guild, str(body["name"]), allowed, position=body.get("position"))

    def _join(self, request: web.Request, body: Json) -> Answer:
        guild = self.world.guild(request.match_info["guild"])
        user_id = self.world.user(request.match_info["user"])["id"]
        if user_id in guild.bans:
            raise DiscordError(40007)
        roles = [str(role_id) for role_id in body.get("roles", ())]
        if not all(role_id in guild.roles for role_id in roles):
            raise DiscordError(10011)
        if user_id in guild.members:
            guild.members[user_id] |= {"nick": body.get("nick"), "roles": roles}
            moderation.tell_member(self.world, guild, user_id)
        else:
            allowed = permissions.parse(body["permissions"]) if "permissions" in body else None
            self.world.join(guild, user_id, roles=roles, nick=body.get("nick"), allowed=allowed)
        return self.world.member(guild, user_id)

    def _leave(self, request: web.Request, _body: Json) -> Answer:
        self.world.leave(self.world.guild(request.match_info["guild"]), request.match_info["user"])
        return {}

    # --- talk -----------------------------------------------------------------

    def _messages(self, request: web.Request, _body: Json) -> Answer:
        limit = history.number(dict(request.query), "limit", 100, 1, 10_000)
        return picture.messages(self.world, request.match_info["channel"], limit)

    def _speak(self, request: web.Request, body: Json) -> Answer:
        force = request.query.get("force", "0") not in ("", "0", "false")
        place, author, reply_to = request.match_info["channel"], str(body["author_id"]), body.get("reply_to")
        reply_to = None if reply_to is None else str(reply_to)
        message = talk.speak(self.world, place, author, str(body["content"]), reply_to=reply_to, force=force)
        return history.shown(message)

    def _edit(self, request: web.Request, body: Json) -> Answer:
        message = self._found(request)
        author_id = message.data["author"]["id"]
        return history.shown(talk.edit(self.world, message, author_id, {"content": body["content"]}))

    def _delete(self, request: web.Request, _body: Json) -> Answer:
        message = self._found(request)
        removal.delete(self.world, message, message.data["author"]["id"])
        return {}

    def _typing(self, request: web.Request, body: Json) -> Answer:
        talk.typing(self.world, request.match_info["channel"], str(body["user_id"]))
        return {}

    def _react(self, request: web.Request, body: Json) -> Answer:
        user_id = self.world.user(str(body["user_id"]))["id"]
        emoji = unquote(request.match_info["emoji"])
        reactions.react(self.world, self._found(request), user_id, emoji, add=True)
        return {}

    def _unreact(self, request: web.Request, body: Json) -> Answer:
        emoji = unquote(request.match_info["emoji"])
        reactions.react(self.world, self._found(request), str(body["user_id"]), emoji, add=False)
        return {}

    def _dm(self, _request: web.Request, body: Json) -> Answer:
        self.world.user(str(body["user_id"]))
        if str(body["bot_id"]) not in self.world.bots:
            raise DiscordError(10013)
        return public(self.world.dm(str(body["bot_id"]), str(body["user_id"])))

    def _found(self, request: web.Request) -> Any:
        return history.find(self.world, request.match_info["channel"], request.match_info["message"])

    def _interact(self, _request: web.Request, body: Json) -> Answer:
        return interactions.describe(interactions.fire(self.world, body))

    def _interaction(self, request: web.Request, _body: Json) -> Answer:
        interaction = self.world.interactions.get(request.match_info["interaction"])
        if interaction is None:
            raise DiscordError(10062)
        return interactions.describe(interaction)

    # --- looking --------------------------------------------------------------

    def _sessions(self, _request: web.Request, _body: Json) -> Answer:
        return list(self.gateway.hub.describe())

    def _overlaps(self, _request: web.Request, _body: Json) -> Answer:
        return list(self.gateway.hub.overlaps)

    def _requests(self, request: web.Request, _body: Json) -> Answer:
        return list(self.door.log)[-history.number(dict(request.query), "limit", 200, 1, 10_000) :]

    def _audit(self, request: web.Request, _body: Json) -> Answer:
        return list(self.world.guild(request.match_info["guild"]).audit)

    # --- faults and time ------------------------------------------------------

    def _list_faults(self, _request: web.Request, _body: Json) -> Answer:
        return self.faults.list()

    def _one_fault(self, request: web.Request, _body: Json) -> Answer:
        wanted = request.match_info["fault"]
        found = [fault for fault in self.faults.list() if fault["id"] == wanted]
        if not found:
            raise DiscordError(0, message="no such fault is armed")
        return found[0]

    def _add_fault(self, _request: web.Request, body: Json) -> Answer:
        options = {key: value for key, value in body.items() if key != "kind"}
        fault = self.faults.add(str(body["kind"]), options)
        hit = self.gateway.strike(fault)
        self.faults.settle(fault, hit)
        return {"id": fault.id, "hit": hit}

    def _clear_faults(self, request: web.Request, _body: Json) -> Answer:
        self.faults.clear(request.match_info.get("fault"))
        return {}

    def _now(self, _request: web.Request, _body: Json) -> Answer:
        return {"now": self.world.clock.now(), "offset_s": self.world.clock.offset_s}

    def _time(self, request: web.Request, body: Json) -> Answer:
        self.world.clock.offset_s = float(body["offset_s"])
        return self._now(request, body)


def _wrap(handle: Handle) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Read the body, answer in JSON, and say what is wrong with a request that cannot be served."""

    async def serve(request: web.Request) -> web.Response:
        try:
            body = await request.json() if request.can_read_body else {}
            if not isinstance(body, dict):
                return _json(400, {"message": "the body must be a JSON object"})
            answer = handle(request, body)
        except DiscordError as error:
            return _json(error.status, error.body())
        except KeyError as error:
            return _json(400, {"message": f"{error} is missing or unknown"})
        except (ValueError, TypeError, AttributeError) as error:
            return _json(400, {"message": str(error)})
        return _json(200, answer)

    return serve


def _json(status: int, value: Any) -> web.Response:
    return web.Response(status=status, body=json.dumps(value).encode(), content_type="application/json")
