"""Who may use the control interface: this machine, under its own name, and pages that came from it.

A web page of a stranger could otherwise reach it through the reader's browser: by a name of its own that
points here (DNS rebinding), or by sending requests across origins.
"""

from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


def guard(*, any_host: bool) -> Middleware:
    """Give the middleware; with `any_host` other names are fine, for a sandbox that others may reach."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/sandbox") and not _welcome(request, any_host=any_host):
            return web.Response(status=403, text="the control interface is for this machine only")
        return await handler(request)

    return check


def _welcome(request: web.Request, *, any_host: bool) -> bool:
    name, _, port = request.host.rpartition(":")
    if not any_host and (name if port.isdecimal() and name else request.host) not in LOOPBACK:
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
