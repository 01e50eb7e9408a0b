"""One nextcord client as DROAS uses it: it asks Discord for little, counts its IDENTIFYs, and tells how it is.

nextcord gives no public way to most of this; what is used of its insides is of version 3.2. The loop that
makes a new client when one dies is `droas_common.discord_connection`.
"""

import asyncio
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import nextcord

from droas_common.connection_limits import IdentifyMeter
from droas_common.logs import log
from droas_common.settings import DiscordSettings
from droas_common.wire.heartbeats import StartLimit

nextcord.VoiceClient.warn_nacl = False  # no bot of ours speaks

_CLOSE_S = 3.0
_DEAF_S = 0.05
"""An IDENTIFY that waits longer than this spoils the measure of the first heartbeat."""

_VITAL = "READY"
"""Without it nothing follows; the only event on which a client may die."""

_WHY_FATAL = {
    4004: "Discord refuses the token (4004): put the bot's current token into its file",
    4010: "Discord refuses the shard (4010)",
    4011: "Discord wants this bot sharded (4011): it is in too many groups for one process",
    4012: "Discord no longer speaks this gateway version (4012): upgrade DROAS",
    4013: "Discord does not know the intents asked for (4013)",
    4014: (
        "Discord disallows an intent (4014): switch on 'Message Content Intent' for this application in "
        "the developer portal"
    ),
}


class DiscordClient(nextcord.Client):
    """A client without nextcord's start-up round of application commands.

    Args:
        settings: where Discord is.
        intents: what the gateway shall send.
        meter: counts and spaces its IDENTIFYs.
    """

    def __init__(self, *, settings: DiscordSettings, intents: nextcord.Intents, meter: IdentifyMeter) -> None:
        super().__init__(
            intents=intents,
            member_cache_flags=nextcord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=settings.guild_ready_timeout_s,
            allowed_mentions=nextcord.AllowedMentions.none(),
        )
        self._meter = meter
        self._refused = 0
        self._deaf_until = 0.0
        http: Any = self.http
        http.get_gateway = self._get_gateway
        parsers: Any = self._connection.parsers
        for event in parsers.keys() - {_VITAL}:
            parsers[event] = _skipping(event, parsers[event])

    @property
    def heartbeats(self) -> Any:
        """The keeper of heartbeats of its connection; None while there is none."""
        keeper = getattr(self.ws, "_keep_alive", None)
        return keeper if keeper is not None and keeper.interval is not None else None

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds between Discord's last heartbeat and its acknowledgement; None when unknown."""
        beats = self.heartbeats
        if beats is None or not math.isfinite(beats.latency) or beats._last_send < self._deaf_until:  # noqa: SLF001
            return None
        # nextcord stamps the sending late, in a thread, so a quick acknowledgement is measured from the
        # heartbeat before. One that is later than an interval has ended the connection anyway.
        return round(math.fmod(max(beats.latency, 0.0), beats.interval) * 1000, 1)

    @property
    def ack_age_s(self) -> float | None:
        """Seconds since Discord last acknowledged a heartbeat; None when not connected."""
        beats = self.heartbeats
        return round(time.perf_counter() - beats._last_ack, 1) if beats is not None else None  # noqa: SLF001

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002 - port
        """Count an IDENTIFY, and wait the longer the more of them led to nothing."""
        if not initial:
            self._refused = 0 if self.is_ready() else self._refused + 1
        began = time.perf_counter()
        await self._meter.admit(refused=self._refused)
        if time.perf_counter() - began > _DEAF_S:
            # Nobody read the acknowledgement of the first heartbeat meanwhile; its age would say nothing.
            self._deaf_until = time.perf_counter()

    async def on_connect(self) -> None:
        """Ask Discord for nothing."""

    async def on_guild_available(self, guild: nextcord.Guild) -> None:
        """Ask Discord for nothing."""

    async def on_error(self, event_method: str, *_args: Any, **_kwargs: Any) -> None:
        """Log what a handler raised, where secrets are masked; nextcord would print it."""
        log.opt(exception=sys.exception()).error("discord_handler_died", handler=event_method)

    def hear_raw(self, event: str, handle: Callable[[dict[str, Any]], None]) -> None:
        """Have an event handled as it comes, and by nobody else; one that cannot be handled is left out."""
        parsers: Any = self._connection.parsers
        parsers[event] = _skipping(event, handle)

    async def close_quietly(self) -> None:
        """Close, though it may be half dead already; its end must not be held up by its own faults."""
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self.close()
        except Exception as error:  # noqa: BLE001 - border: a dying library may raise anything here
            log.debug("discord_client_close_failed", error=type(error).__name__)

    async def _get_gateway(self, *, encoding: str = "json", zlib: bool = True, **_more: Any) -> str:
        """Learn the gateway from /gateway/bot, which also tells how many IDENTIFYs are left."""
        http: Any = self.http
        try:
            told = await http.request(nextcord.http.Route("GET", "/gateway/bot"))
        except nextcord.HTTPException as error:
            raise nextcord.GatewayNotFound from error
        limit = told.get("session_start_limit") or {}
        if {"total", "remaining", "reset_after"} <= limit.keys():
            self._meter.note_limit(
                StartLimit(
                    total=int(limit["total"]),
                    remaining=int(limit["remaining"]),
                    reset_after_s=limit["reset_after"] / 1000,
                )
            )
        return str(http.format_websocket_url(told["url"], encoding, zlib))


def _skipping(event: str, parse: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Give a parser that leaves an event out that it cannot read; nextcord would end the client for it."""

    def parse_or_skip(data: Any) -> None:
        try:
            parse(data)
        except Exception as error:  # noqa: BLE001 - border: Discord may send what this version has never seen
            # Neither the error's words nor its traceback: they may show what somebody wrote.
            log.warning("gateway_event_skipped", gateway_event=event, error=type(error).__name__)

    return parse_or_skip


def why_fatal(error: Exception) -> str | None:
    """Say why a client may not come back, for a person; None when it may."""
    code = None
    if isinstance(error, nextcord.LoginFailure):
        code = 4004
    elif isinstance(error, nextcord.PrivilegedIntentsRequired):
        code = 4014
    elif isinstance(error, nextcord.ConnectionClosed):
        code = error.code
    return _WHY_FATAL.get(code) if code is not None else None


def why_ended(error: Exception) -> str:
    """Say to a person why a client ended that may come back; what nobody expected is logged whole."""
    if isinstance(error, nextcord.ConnectionClosed):
        return f"the gateway closed the connection with {error.code}"
    if isinstance(error, nextcord.HTTPException):
        return f"Discord answered {error.status}"
    if isinstance(error, OSError | aiohttp.ClientError | TimeoutError):
        return f"Discord cannot be reached: {type(error).__name__}"
    log.opt(exception=error).warning("discord_client_died", error=type(error).__name__)
    return f"the Discord client died: {type(error).__name__}"
