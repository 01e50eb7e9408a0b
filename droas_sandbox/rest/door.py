"""What every REST request passes: faults, the address ban, who asks, limits, the body; and how answers look.

Source: Discord API reference, Reference and Rate Limits.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from droas_sandbox.errors import DiscordError, invalid, unauthorized
from droas_sandbox.faults import Faults
from droas_sandbox.rate_limits import WEBHOOKS_OF_A_CHANNEL, Grant, RateLimits
from droas_sandbox.rest import (
    automod,
    bans,
    channels,
    commands,
    guilds,
    interactions,
    members,
    messages,
    reactions,
    roles,
    threads,
    users,
    webhooks,
)
from droas_sandbox.rest.answers import (
    VIA,
    answer,
    cloudflare,
    faulty_limit,
    faulty_status,
    limited,
    refuse,
    told_by,
)
from droas_sandbox.rest.body import read_body
from droas_sandbox.rest.call import NO_CONTENT, Call, Route
from droas_sandbox.world.state import Bot
from droas_sandbox.world.world import World

INVALID_WINDOW_S = 600.0
_RESOURCES = ("channel_id", "guild_id", "webhook_id")
_EXEMPT = "/interactions/"
_EXECUTE = "POST /webhooks/{webhook_id}/{token}"
_SNOWFLAKE = re.compile(r"0|[1-9][0-9]{0,19}")
_WORDS_FOR_IDS = frozenset({"@me", "@original"})
MAX_REASON = 512
NO_ANSWER = 0
"""In the request log, the status of what was never answered."""

_BAN_S = 600

_PARTS = (
    users, guilds, channels, messages, reactions, members, roles, bans, threads, webhooks, interactions, commands,
    automod,
)  # fmt: skip
ROUTES: list[Route] = [route for part in _PARTS for route in part.ROUTES]


class Door:
    """Serves the REST routes.

    Args:
        world: what is served.
        faults: what goes wrong.
    """

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self.limits = RateLimits()
        self.log: deque[dict[str, Any]] = deque(maxlen=5_000)
        self._invalid: deque[float] = deque(maxlen=20_000)

    def routes(self) -> list[web.RouteDef]:
        """Give all routes, fixed paths before those with names in them."""
        ordered = sorted(ROUTES, key=lambda route: [part.startswith("{") for part in route.path.split("/")])
        found: list[web.RouteDef] = []
        for version in ("v10", "v9"):
            base = f"/api/{version}"
            found += [web.route(one.method, base + one.path, self._serve(one)) for one in ordered]
        found.append(web.route("*", "/api/{rest:.*}", self._unknown))
        return found

    def reset(self) -> None:
        """Forget buckets, bans and the request log."""
        self.limits.clear()
        self.log.clear()
        self._invalid.clear()

    def _serve(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            bot = self._who(request)
            response = await self._pass(route, request, bot)
            self._note(request, bot, response)
            return response

        return serve

    async def _pass(self, route: Route, request: web.Request, bot: Bot | None) -> web.StreamResponse:
        """Let a request through, or turn it away."""
        now = self._world.clock.now()
        if self._banned(now):
            return cloudflare(429, _BAN_S)
        facts = {"bot_id": bot.user_id if bot else "", "route": request.path, "method": request.method}
        fault = await self._fault(facts)
        if fault is not None:
            return fault
        if route.authorized and bot is None:
            return refuse(unauthorized())
        refusal, grant = self._limit(route, request, bot, now)
        if refusal is not None:
            return refusal
        return await self._deliver(route, request, bot, grant, facts)

    async def _deliver(
        self,
        route: Route,
        request: web.Request,
        bot: Bot | None,
        grant: Grant | None,
        facts: dict[str, str],
    ) -> web.StreamResponse:
        """Answer a request, unless a fault spoils the answer on its way."""
        reset = self._faults.take("reset", **facts)
        if reset is not None and reset.options.get("when") != "after":
            return _hang_up(request)
        skew = self._faults.take("skew", **facts)
        skew_s = float(skew.options.get("seconds", 60)) if skew is not None else 0.0
        response = await self._answer(route, request, bot, told_by(grant, self._world.clock.now() + skew_s))
        if reset is not None:
            return _hang_up(request)
        if response.body and self._faults.take("truncate", **facts):
            text = bytes(response.body)  # type: ignore[arg-type]  # answers here are bytes, never payloads
            response.body = text[: len(text) // 2]
        return response

    def _limit(
        self, route: Route, request: web.Request, bot: Bot | None, now: float
    ) -> tuple[web.Response | None, Grant | None]:
        """Count a request; gives the answer that turns it away, or what its bucket says."""
        if not self._world.settings.rate_limits:
            return None, None
        who = bot.user_id if bot else (request.remote or "")
        if _EXEMPT not in route.path:
            wait_s = self.limits.ask_global(who, now=now, per_second=self._world.settings.global_per_second)
            if wait_s:
                return limited(wait_s, scope="global"), None
        resource = next((request.match_info[key] for key in _RESOURCES if key in request.match_info), "")
        name = f"{route.method} {route.path}"
        grant = self.limits.ask(name, resource, who, now=now)
        if grant.allowed and name == _EXECUTE and resource in self._world.webhooks:
            channel_id = self._world.webhooks[resource]["channel_id"]
            of_channel = self.limits.ask(WEBHOOKS_OF_A_CHANNEL, channel_id, "", now=now)
            grant = grant if of_channel.allowed else of_channel
        if not grant.allowed:
            return limited(grant.reset_after_s, scope="user", headers=told_by(grant, now)), grant
        return None, grant

    async def _answer(
        self, route: Route, request: web.Request, bot: Bot | None, headers: dict[str, str]
    ) -> web.Response:
        try:
            value = route.handler(await self._call(route, request, bot))
        except DiscordError as error:
            return refuse(error, headers)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            # The border of the handlers: what they could not read in a body is the client's fault.
            return refuse(invalid("_errors", "MODEL_TYPE_CONVERT", "A field has another type."), headers)
        if value is None:
            return web.Response(status=NO_CONTENT, headers={"Via": VIA, **headers})
        status, value = value if isinstance(value, tuple) else (200, value)
        return answer(status, json.dumps(value), headers)

    async def _call(self, route: Route, request: web.Request, bot: Bot | None) -> Call:
        """Read a request; raises DiscordError for what cannot be read."""
        path = dict(request.match_info)
        for name, value in path.items():
            if name.endswith("_id") and value not in _WORDS_FOR_IDS and not _SNOWFLAKE.fullmatch(value):
                raise invalid(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        reason = unquote(request.headers.get("X-Audit-Log-Reason", ""))
        if len(reason) > MAX_REASON:
            words = f"Must be between 1 and {MAX_REASON} in length."
            raise invalid("X-Audit-Log-Reason", "BASE_TYPE_BAD_LENGTH", words)
        return Call(
            world=self._world,
            bot=bot if route.authorized else None,
            path=path,
            query=dict(request.query.items()),
            body=await read_body(request),
            reason=reason or None,
            base=f"http://{request.host}/api/v10",
        )

    async def _fault(self, facts: dict[str, str]) -> web.StreamResponse | None:
        """Let an armed fault delay the request, or answer in its place."""
        delay = self._faults.take("delay", **facts)
        if delay is not None:
            await asyncio.sleep(float(delay.options.get("seconds", 1)))
        limit = self._faults.take("rate_limit", **facts)
        if limit is not None:
            return faulty_limit(limit, self._world.clock.now())
        status = self._faults.take("status", **facts)
        if status is not None:
            return faulty_status(status)
        html = self._faults.take("html", **facts)
        if html is None:
            return None
        return cloudflare(int(html.options.get("status", 429)), float(html.options.get("retry_after", 5)))

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        version = request.match_info["rest"].partition("/")[0]
        response = refuse(DiscordError(0) if version in ("v10", "v9") else DiscordError(50041))
        self._note(request, self._who(request), response)
        return response

    def _who(self, request: web.Request) -> Bot | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self._world.bot_by_token(token) if scheme == "Bot" and token else None

    def _note(self, request: web.Request, bot: Bot | None, response: web.StreamResponse) -> None:
        now, status = self._world.clock.now(), response.status
        if status in (401, 403, 429) and response.headers.get("X-RateLimit-Scope") != "shared":
            self._invalid.append(now)
        facts = {"method": request.method, "path": request.path, "status": status, "at": now}
        self.log.append({**facts, "bot_id": bot.user_id if bot else None})

    def _banned(self, now: float) -> bool:
        while self._invalid and now - self._invalid[0] > INVALID_WINDOW_S:
            self._invalid.popleft()
        return len(self._invalid) >= self._world.settings.invalid_requests


def _hang_up(request: web.Request) -> web.Response:
    """Cut the connection: the client gets no answer, though it may have been served. The log has it as 0."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=NO_ANSWER)
