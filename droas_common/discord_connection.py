"""One Discord client that stays on the gateway, whatever the gateway does.

nextcord 3.2 ends `start()` on a malformed event, on a first connection that is refused and on a server
error; it reconnects without any pause after a resumable close; and it does not notice that heartbeats are
no longer acknowledged while events flow. So this loop makes a new client when one dies, lets every
connection pass a governor, and watches the acknowledgements itself.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import nextcord
from pydantic import SecretStr

from droas_common.connection_limits import Governor, IdentifyBudgetError, IdentifyMeter
from droas_common.errors import RequestError
from droas_common.logs import log
from droas_common.settings import DiscordSettings
from droas_common.wire.heartbeats import GatewayState, StartLimit

nextcord.VoiceClient.warn_nacl = False  # no bot of ours speaks
OnState = Callable[[GatewayState, str], None]

_CONNECT_S = 40.0
"""For so long connections are tried in a row; nextcord gives up one after 60 s, the waits included."""

_ACK_CHECK_S = 2.0
_ACK_GRACE_S = 10.0
"""An acknowledgement later than one interval and this is taken for lost."""

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


class FatalGatewayError(RequestError):
    """Discord refuses this token or these intents; only a new configuration helps."""


class DiscordConnection:
    """Keeps one client connected; every new client is wired by the owner.

    Args:
        token: the bot's token.
        settings: where Discord is.
        intents: what the gateway shall send.
        on_state: told of every change, with words for a person.
        wire: puts the owner's event handlers onto a fresh client, by `client.add_listener`.
        meter: counts IDENTIFYs.
    """

    def __init__(
        self,
        *,
        token: SecretStr,
        settings: DiscordSettings,
        intents: nextcord.Intents,
        on_state: OnState,
        wire: Callable[[nextcord.Client], None],
        meter: IdentifyMeter,
    ) -> None:
        self._token = token
        self._settings = settings
        self._intents = intents
        self._on_state = on_state
        self._wire = wire
        self._meter = meter
        self._governor = Governor()
        self._client: nextcord.Client | None = None
        self._closing = False

    @property
    def client(self) -> nextcord.Client | None:
        """The client in use; None before the first and between two."""
        return self._client

    @property
    def latency_ms(self) -> float | None:
        """Milliseconds between Discord's last heartbeat and its acknowledgement; None when unknown."""
        client = self._client
        latency = client.latency if client is not None and client.ws is not None else math.inf
        if client is None or not math.isfinite(latency):
            return None
        # nextcord stamps the sending late, in a thread, so a quick acknowledgement is measured from the
        # heartbeat before. One that is later than an interval has ended the connection anyway.
        beats = _heartbeats_of(client)
        interval_s = beats.interval if beats is not None else math.inf
        return round(math.fmod(max(latency, 0.0), interval_s) * 1000, 1)

    @property
    def ack_age_s(self) -> float | None:
        """Seconds since Discord last acknowledged a heartbeat; None when not connected."""
        beats = _heartbeats_of(self._client)
        return round(time.perf_counter() - beats._last_ack, 1) if beats is not None else None  # noqa: SLF001

    async def run(self) -> None:
        """Stay connected until `close()` is called.

        Raises:
            FatalGatewayError: Discord refuses the token or the intents.
            IdentifyBudgetError: too many IDENTIFYs were sent already.
        """
        nextcord.http.Route.BASE = self._settings.rest_base
        while not self._closing:
            self._on_state(GatewayState.CONNECTING, "")
            self._client = client = self._new_client()
            try:
                async with asyncio.TaskGroup() as group:
                    watchdog = group.create_task(self._watch_acknowledgements(client))
                    await self._live(client)
                    watchdog.cancel()
            except* (FatalGatewayError, IdentifyBudgetError) as ends:
                raise ends.exceptions[0] from None
            finally:
                self._client = None
                await _close_quietly(client)

    async def close(self) -> None:
        """Leave the gateway with code 1000, so that Discord shows the bot offline at once."""
        self._closing = True
        if self._client is not None:
            await _close_quietly(self._client)

    async def _live(self, client: nextcord.Client) -> None:
        """Run one client until it ends; everything that may pass is reported and swallowed."""
        why = "the gateway closed the connection"
        try:
            await client.login(self._token.get_secret_value())
            await client.connect()
        except IdentifyBudgetError:
            raise
        except Exception as error:
            fatal = _fatal_close(error)
            if fatal is not None:
                raise self._fatal(_WHY_FATAL[fatal]) from error
            why = _words_of(error)
        if not self._closing:
            self._on_state(GatewayState.LOST, why)
            if client.ws is None:
                # It died before any connection, where the governor has no say.
                await self._governor.admit()

    def _fatal(self, why: str) -> FatalGatewayError:
        self._on_state(GatewayState.REFUSED, why)
        return FatalGatewayError(why)

    def _new_client(self) -> nextcord.Client:
        client = _Client(
            meter=self._meter,
            intents=self._intents,
            member_cache_flags=nextcord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=self._settings.guild_ready_timeout_s,
            allowed_mentions=nextcord.AllowedMentions.none(),
        )
        self._govern(client)
        _ask_limits(client, self._meter)
        self._report_states(client)
        self._wire(client)
        return client

    def _govern(self, client: nextcord.Client) -> None:
        """Put the governor in front of every connection of this client, resumes included."""
        http: Any = client.http
        connect: Callable[..., Awaitable[Any]] = http.ws_connect

        async def governed(url: str, *, compress: int = 0) -> Any:
            # Failures are retried here, where they are governed once; nextcord would add waits of its own.
            deadline = time.monotonic() + _CONNECT_S
            while True:
                await self._governor.admit()
                try:
                    return await connect(url, compress=compress)
                except (OSError, aiohttp.ClientError):
                    if time.monotonic() > deadline:
                        raise

        http.ws_connect = governed

    def _report_states(self, client: nextcord.Client) -> None:
        async def on_ready() -> None:
            self._on_state(GatewayState.READY, "")

        async def on_resumed() -> None:
            self._on_state(GatewayState.READY, "")

        async def on_disconnect() -> None:
            if not self._closing:
                self._on_state(GatewayState.LOST, "the gateway connection was lost")

        for handler in (on_ready, on_resumed, on_disconnect):
            client.add_listener(handler)

    async def _watch_acknowledgements(self, client: nextcord.Client) -> None:
        """Close a connection whose heartbeats are no longer acknowledged, so that it is resumed."""
        while not client.is_closed():
            await asyncio.sleep(_ACK_CHECK_S)
            beats, silent_s = _heartbeats_of(client), self.ack_age_s
            if beats is not None and silent_s is not None and silent_s > beats.interval + _ACK_GRACE_S:
                log.warning("gateway_acknowledgement_missing", silent_s=silent_s)
                self._on_state(GatewayState.LOST, "Discord no longer acknowledges heartbeats")
                await client.ws.close(4000)


class _Client(nextcord.Client):
    """A client without nextcord's start-up round of application commands, whose IDENTIFYs are counted.

    Args:
        meter: counts them.
    """

    def __init__(self, *, meter: IdentifyMeter, **options: Any) -> None:
        super().__init__(**options)
        self._meter = meter
        self._refused = 0

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002 - port
        """Count an IDENTIFY, and wait the longer the more of them led to nothing."""
        if not initial:
            self._refused = 0 if self.is_ready() else self._refused + 1
        await self._meter.admit(refused=self._refused)

    async def on_connect(self) -> None:
        """Ask Discord for nothing."""

    async def on_guild_available(self, guild: nextcord.Guild) -> None:
        """Ask Discord for nothing."""


def _heartbeats_of(client: nextcord.Client | None) -> Any:
    """Give nextcord's keeper of heartbeats, None while there is none; it gives no public way to it."""
    keeper = getattr(client.ws, "_keep_alive", None) if client is not None else None
    return keeper if keeper is not None and keeper.interval is not None else None


def _ask_limits(client: nextcord.Client, meter: IdentifyMeter) -> None:
    """Have the client learn its gateway from /gateway/bot, which also tells how many IDENTIFYs are left."""
    http: Any = client.http

    async def get_gateway(*, encoding: str = "json", zlib: bool = True, **_more: Any) -> str:
        try:
            told = await http.request(nextcord.http.Route("GET", "/gateway/bot"))
        except nextcord.HTTPException as error:
            raise nextcord.GatewayNotFound from error
        limit = told.get("session_start_limit") or {}
        if {"total", "remaining", "reset_after"} <= limit.keys():
            meter.note_limit(
                StartLimit(
                    total=int(limit["total"]),
                    remaining=int(limit["remaining"]),
                    reset_after_s=limit["reset_after"] / 1000,
                    max_concurrency=int(limit.get("max_concurrency", 1)),
                )
            )
        return str(http.format_websocket_url(told["url"], encoding, zlib))

    http.get_gateway = get_gateway


def _fatal_close(error: Exception) -> int | None:
    """Give the close code that says "do not come back", None when one may come back."""
    if isinstance(error, nextcord.LoginFailure):
        return 4004
    if isinstance(error, nextcord.PrivilegedIntentsRequired):
        return 4014
    if isinstance(error, nextcord.ConnectionClosed) and error.code in _WHY_FATAL:
        return error.code
    return None


def _words_of(error: Exception) -> str:
    """Say to a person why a client ended; what nobody expected is logged whole."""
    if isinstance(error, nextcord.ConnectionClosed):
        return f"the gateway closed the connection with {error.code}"
    if isinstance(error, nextcord.HTTPException):
        return f"Discord answered {error.status}"
    if isinstance(error, OSError | aiohttp.ClientError | TimeoutError):
        return f"Discord cannot be reached: {type(error).__name__}"
    log.opt(exception=error).warning("discord_client_died", error=type(error).__name__)
    return f"the Discord client died: {type(error).__name__}"


async def _close_quietly(client: nextcord.Client) -> None:
    """Close a client that may be half dead already; its end must not be held up by its own faults."""
    try:
        async with asyncio.timeout(3):
            await client.close()
    except Exception as error:  # noqa: BLE001 - border: a dying library may raise anything here
        log.debug("discord_client_close_failed", error=type(error).__name__)
