"""How answers look: headers, refusals, and the page of a ban.

Source: Discord API reference, Rate Limits; the Via header is what clients tell Discord from Cloudflare by.
"""

import json
import math
from typing import Any

from aiohttp import web

from droas_sandbox.errors import DiscordError
from droas_sandbox.faults import Fault
from droas_sandbox.rate_limits import Grant

VIA = "1.1 google"
"""On every answer; clients take a 429 without it for a ban by Cloudflare."""

_BANNED = 1015
_PAGE = "<!doctype html><html><head><title>Access denied</title></head><body>error code: {}</body></html>"


def answer(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with exactly `application/json`; a charset behind it makes clients read text."""
    told = {"Via": VIA, **(headers or {}), "Content-Type": "application/json"}
    return web.Response(status=status, body=text.encode(), headers=told)


def refuse(error: DiscordError, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with one of Discord's errors."""
    return answer(error.status, json.dumps(error.body()), headers)


def limited(wait_s: float, *, scope: str, headers: dict[str, str] | None = None) -> web.Response:
    """Give a 429 of a scope: user, global or shared."""
    words = "The resource is being rate limited." if scope == "shared" else "You are being rate limited."
    body = {"message": words, "retry_after": round(wait_s, 3), "global": scope == "global", "code": 0}
    told = {"X-RateLimit-Scope": scope, "Retry-After": str(math.ceil(wait_s)), **(headers or {})}
    if scope == "global":
        told["X-RateLimit-Global"] = "true"
    return answer(429, json.dumps(body), told)


def told_by(grant: Grant | None, now: float) -> dict[str, str]:
    """Give the headers of a bucket."""
    if grant is None:
        return {}
    return {
        "X-RateLimit-Limit": str(grant.limit),
        "X-RateLimit-Remaining": str(grant.remaining),
        "X-RateLimit-Reset": f"{now + grant.reset_after_s:.3f}",
        "X-RateLimit-Reset-After": f"{grant.reset_after_s:.3f}",
        "X-RateLimit-Bucket": grant.bucket,
    }


def cloudflare(status: int, retry_after_s: float) -> web.Response:
    """Answer as Cloudflare does in Discord's place: HTML, no Via; 429 is an address that is banned."""
    headers = {"Retry-After": str(math.ceil(retry_after_s)), "Server": "cloudflare"}
    page = _PAGE.format(_BANNED if status == 429 else status)
    return web.Response(status=status, text=page, content_type="text/html", headers=headers)


def faulty_limit(fault: Fault, now: float) -> web.Response:
    """Give the 429 that a fault asks for, with the headers of its scope."""
    scope = str(fault.options.get("scope", "user"))
    wait_s = float(fault.options.get("retry_after", 1))
    if scope == "global":
        return limited(wait_s, scope=scope)
    shared = scope == "shared"
    grant = Grant(
        allowed=False,
        limit=5,
        remaining=1 if shared else 0,
        reset_after_s=min(wait_s, 0.5) if shared else wait_s,
        bucket="f" * 32,
    )
    return limited(wait_s, scope=scope, headers=told_by(grant, now))


def faulty_status(fault: Fault) -> web.Response:
    """Give the status, body and headers that a fault asks for."""
    status = int(fault.options.get("status", 500))
    body: Any = fault.options.get("body", {"message": f"{status}: Internal Server Error", "code": 0})
    headers = {str(name): str(value) for name, value in fault.options.get("headers", {}).items()}
    if isinstance(body, str):
        kind = headers.pop("Content-Type", "text/html")
        return web.Response(
            status=status, body=body.encode(), headers={"Via": VIA, **headers, "Content-Type": kind}
        )
    return answer(status, json.dumps(body), headers)
