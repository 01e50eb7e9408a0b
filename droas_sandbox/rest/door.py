"""What every REST request passes: faults, the address ban, who asks, limits, the body; and how answers look.

Source: Discord API reference, Reference and Rate Limits.
"""

import asyncio
import json
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from droas_sandbox.errors import DiscordError, unauthorized
from droas_sandbox.faults import Faults
from droas_sandbox.rate_limits import Grant, RateLimits
from droas_sandbox.rest import commands, guilds, messages, threads, users, webhooks
from droas_sandbox.rest.call import NO_CONTENT, Call, Route
from droas_sandbox.world.state import Bot
from droas_sandbox.world.world import World

VIA = "1.1 google"
"""On every answer; clients take a 429 without it for a ban by Cloudflare."""

INVALID_WINDOW_S = 600.0
_BAN_PAGE = (
    "<!doctype html><html><head><title>Access denied</title></head><body>error code: 1015</body></html>"
)
_RESOURCES = ("channel_id", "guild_id", "webhook_id")
_EXEMPT = "/interactions/"

ROUTES: list[Route] = [
    *users.ROUTES,
    *guilds.ROUTES,
    *messages.ROUTES,
    *threads.ROUTES,
    *webhooks.ROUTES,
    *commands.ROUTES,
]


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
            found += [
                web.route(route.method, f"/api/{version}{route.path}", self._serve(route))
                for route in ordered
            ]
        found.append(web.route("*", "/api/{rest:.*}", self._unknown))
        return found

    def _serve(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            bot = self._who(request)
            response = await self._pass(route, request, bot)
            self._note(request, bot, response.status, response.headers.get("X-RateLimit-Scope", ""))
            return response

        return serve

    async def _pass(self, route: Route, request: web.Request, bot: Bot | None) -> web.StreamResponse:
        now = self._world.clock.now()
        if self._banned(now):
            return web.Response(
                status=429, text=_BAN_PAGE, content_type="text/html", headers={"Retry-After": "600"}
            )
        fault = await self._fault(route, request, bot)
        if fault is not None:
            return fault
        if route.authorized and bot is None:
            return self._error(unauthorized())
        refusal, grant = self._limit(route, request, bot, now)
        return refusal or await self._answer(route, request, bot, grant)

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
                return _limited(wait_s, scope="global"), None
        resource = next((request.match_info[key] for key in _RESOURCES if key in request.match_info), "")
        grant = self.limits.ask(f"{route.method} {route.path}", resource, who, now=now)
        if not grant.allowed:
            return _limited(grant.reset_after_s, scope="user", headers=self._headers(grant)), grant
        return None, grant

    async def _answer(
        self, route: Route, request: web.Request, bot: Bot | None, grant: Grant | None
    ) -> web.StreamResponse:
        headers = self._headers(grant) if grant is not None else {"Via": VIA}
        try:
            reason = request.headers.get("X-Audit-Log-Reason")
            call = Call(
                world=self._world,
                bot=bot if route.authorized else None,
                path=dict(request.match_info),
                query=dict(request.query.items()),
                body=await _body(request),
                reason=unquote(reason)[:512] if reason else None,
                base=f"http://{request.host}/api/v10",
            )
            answer = route.handler(call)
        except DiscordError as error:
            return self._error(error, headers)
        if answer is None:
            return web.Response(status=NO_CONTENT, headers=headers)
        status, value = answer if isinstance(answer, tuple) else (200, answer)
        text = json.dumps(value)
        if self._faults.take("truncate", **_facts(route, request, bot)):
            text = text[: len(text) // 2]
        return _json(status, text, headers)

    async def _fault(self, route: Route, request: web.Request, bot: Bot | None) -> web.StreamResponse | None:
        facts = _facts(route, request, bot)
        delay = self._faults.take("delay", **facts)
        if delay is not None:
            await asyncio.sleep(float(delay.options.get("seconds", 1)))
        limit = self._faults.take("rate_limit", **facts)
        if limit is not None:
            scope = str(limit.options.get("scope", "user"))
            return _limited(float(limit.options.get("retry_after", 1)), scope=scope)
        status = self._faults.take("status", **facts)
        if status is not None:
            body = status.options.get("body", {"message": "Internal Server Error", "code": 0})
            return _json(int(status.options.get("status", 500)), json.dumps(body), {"Via": VIA})
        if self._faults.take("html", **facts):
            return web.Response(
                status=429, text=_BAN_PAGE, content_type="text/html", headers={"Retry-After": "5"}
            )
        return None

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        version = request.match_info["rest"].partition("/")[0]
        known = version in ("v10", "v9")
        return self._error(DiscordError(0) if known else DiscordError(50041))

    def _who(self, request: web.Request) -> Bot | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self._world.bot_by_token(token) if scheme == "Bot" and token else None

    def _headers(self, grant: Grant) -> dict[str, str]:
        return {
            "Via": VIA,
            "X-RateLimit-Limit": str(grant.limit),
            "X-RateLimit-Remaining": str(grant.remaining),
            "X-RateLimit-Reset": f"{self._world.clock.now() + grant.reset_after_s:.3f}",
            "X-RateLimit-Reset-After": f"{grant.reset_after_s:.3f}",
            "X-RateLimit-Bucket": grant.bucket,
        }

    def _error(self, error: DiscordError, headers: dict[str, str] | None = None) -> web.Response:
        return _json(error.status, json.dumps(error.body()), headers or {"Via": VIA})

    def _note(self, request: web.Request, bot: Bot | None, status: int, scope: str) -> None:
        now = self._world.clock.now()
        if status in (401, 403, 429) and scope != "shared":
            self._invalid.append(now)
        self.log.append(
            {
                "method": request.method,
                "path": request.path,
                "bot_id": bot.user_id if bot else None,
                "status": status,
                "at": now,
            }
        )

    def _banned(self, now: float) -> bool:
        while self._invalid and now - self._invalid[0] > INVALID_WINDOW_S:
            self._invalid.popleft()
        return len(self._invalid) >= self._world.settings.invalid_requests


def _limited(wait_s: float, *, scope: str, headers: dict[str, str] | None = None) -> web.Response:
    """Give a 429 of a scope: user, global or shared."""
    words = "The resource is being rate limited." if scope == "shared" else "You are being rate limited."
    body = {"message": words, "retry_after": round(wait_s, 3), "global": scope == "global", "code": 0}
    told = {"Via": VIA, "X-RateLimit-Scope": scope, "Retry-After": str(math.ceil(wait_s)), **(headers or {})}
    if scope == "global":
        told["X-RateLimit-Global"] = "true"
    return _json(429, json.dumps(body), told)


def _json(status: int, text: str, headers: dict[str, str]) -> web.Response:
    """Answer with exactly `application/json`; a charset behind it makes clients read text."""
    return web.Response(
        status=status, body=text.encode(), headers={**headers, "Content-Type": "application/json"}
    )


def _facts(route: Route, request: web.Request, bot: Bot | None) -> dict[str, Any]:
    return {"bot_id": bot.user_id if bot else "", "route": request.path, "method": route.method}


async def _body(request: web.Request) -> Any:
    if not request.can_read_body:
        return {}
    if request.content_type == "multipart/form-data":
        return await _multipart(request)
    raw = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(await request.post())
    if not raw:
        return {}
    try:
        return json.loads(raw)
    except ValueError:
        raise DiscordError(50109) from None


async def _multipart(request: web.Request) -> Any:
    """Read `payload_json` and note the files as attachments."""
    form = await request.post()
    payload = json.loads(str(form.get("payload_json", "{}")))
    files = [part for part in form.values() if isinstance(part, web.FileField)]
    if files:
        payload["attachments"] = [
            {"id": str(index), "filename": part.filename, "size": 0} for index, part in enumerate(files)
        ]
    return payload
