"""Protective acts, through the connected client."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import nextcord

from droas_common.discord_connection import DiscordConnection
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.logs import log
from droas_mother.core.protection.deletions import PartlyDeletedError
from droas_mother.core.protection.refusals import Refusals, shut_out_s

MAX_REASON = 512
"""Characters of an audit log reason that Discord keeps."""

_CALL_S = 30.0
"""For so long one act may take, nextcord's own retries and waits included."""

_AGAIN_S = 5.0
"""After so long a failure of Discord or of the way to it may be over."""

_SYSTEM_MESSAGE = 50021
"""Forbidden, too, but of this one message: those that Discord itself writes."""

_WHO, _ANYBODY = "who the bot is", "who asks from this address"
"""What Discord may refuse beside channels and members, and with them all else."""


class DiscordModerator:
    """Deletes and silences through the connected client.

    Args:
        connection: the mother's connection.
    """

    def __init__(self, connection: DiscordConnection) -> None:
        self._connection = connection
        self._refusals = Refusals()

    async def delete_messages(
        self, channel_id: Snowflake, message_ids: Sequence[Snowflake], *, reason: str
    ) -> None:
        """Delete 1 to 100 messages of one channel; those already gone are no error.

        Raises:
            PartlyDeletedError: some are left.
            OutsideError: all are left.
        """
        http, channel, place = self._http(), int(channel_id), ("channel", channel_id)
        ids, reason = [int(message_id) for message_id in message_ids], reason[:MAX_REASON]
        what = f"delete {len(ids)} messages in {channel_id}"
        if len(ids) > 1:
            try:
                await self._do(partial(http.delete_messages, channel, ids, reason=reason), what, place)
            except _UnwantedError as error:
                log.info("bulk_deletion_refused", channel=channel_id, why=str(error))
            else:
                return
        unwanted: dict[Snowflake, _UnwantedError] = {}
        for number, one in enumerate(ids):
            try:
                await self._do(partial(http.delete_message, channel, one, reason=reason), what, place)
            except _UnwantedError as error:
                unwanted[message_ids[number]] = error
            except OutsideError as error:
                left = frozenset({*unwanted, *message_ids[number:]})
                raise PartlyDeletedError(str(error), left=left, retry_after_s=error.retry_after_s) from error
        first = next(iter(unwanted.values()), None)
        if first is not None:
            raise PartlyDeletedError(str(first), left=frozenset(unwanted)) from first

    async def time_out(self, guild_id: Snowflake, user_id: Snowflake, *, seconds: float, reason: str) -> None:
        """Silence a member for a while; raises OutsideError."""
        http, until = self._http(), datetime.now(UTC) + timedelta(seconds=seconds)
        act = partial(
            http.edit_member,
            int(guild_id),
            int(user_id),
            reason=reason[:MAX_REASON],
            communication_disabled_until=until.isoformat(),
        )
        await self._do(act, f"time out {user_id} in {guild_id}", ("member", guild_id, user_id))

    def _http(self) -> Any:
        client = self._connection.client
        if client is None:
            raise OutsideError("the protecting bot is not connected to Discord", retry_after_s=_AGAIN_S)
        return client.http

    async def _do(self, act: Callable[[], Awaitable[object]], what: str, place: Hashable) -> None:
        """Do one act of Discord and translate its failures; what it refuses is not asked for again at once."""
        self._mind_refusals(what, place)
        try:
            await _bounded(act(), what)
        except nextcord.NotFound:
            return  # somebody was quicker
        except nextcord.HTTPException as error:
            raise self._refused(error, what, place) from error

    def _mind_refusals(self, what: str, place: Hashable) -> None:
        """Raise OutsideError when Discord need not be asked, because it would refuse once more."""
        now_s = time.monotonic()
        if self._refusals.hold_s(place, now_s):
            raise OutsideError(f"could not {what}: Discord forbade it a moment ago; check the bot's role")
        if self._refusals.hold_s(_WHO, now_s):
            raise OutsideError(
                f"could not {what}: Discord did not know the bot a moment ago; check its token"
            )
        wait_s = self._refusals.hold_s(_ANYBODY, now_s)
        if wait_s:
            raise OutsideError(
                f"could not {what}: Discord takes no requests for {wait_s:.0f} s yet", retry_after_s=wait_s
            )

    def _refused(self, error: nextcord.HTTPException, what: str, place: Hashable) -> OutsideError:
        """Translate what Discord answered, and remember what it would refuse again."""
        now_s, words = time.monotonic(), f"could not {what}: Discord answered {error.status} ({error.code})"
        match error.status:
            case 400:
                return _UnwantedError(words)
            case 401:
                self._refusals.note(_WHO, now_s)
                return OutsideError(f"{words}; check the bot's token")
            case 403 if error.code == _SYSTEM_MESSAGE:
                return _UnwantedError(f"could not {what}: Discord keeps system messages")
            case 403:
                self._refusals.note(place, now_s)
                return OutsideError(
                    f"could not {what}: Discord forbids it ({error.code}); check the bot's role"
                )
            case 429:
                wait_s = shut_out_s(error.response.headers.get("Retry-After", ""), _AGAIN_S)
                self._refusals.note(_ANYBODY, now_s, wait_s)
                return OutsideError(words, retry_after_s=max(wait_s, _AGAIN_S))
            case _:
                return OutsideError(words, retry_after_s=_AGAIN_S if error.status >= 500 else None)


class _UnwantedError(OutsideError):
    """Discord refuses this request as it is; a part of it, or another one like it, may do."""


async def _bounded(act: Awaitable[object], what: str) -> None:
    """Await one request within its time; what Discord answered is left to the caller."""
    try:
        async with asyncio.timeout(_CALL_S):
            await act
    except nextcord.HTTPException:
        raise
    except (OSError, aiohttp.ClientError, TimeoutError, RuntimeError, nextcord.DiscordException) as error:
        raise OutsideError(f"could not {what}: {type(error).__name__}", retry_after_s=_AGAIN_S) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # nextcord reads an answer before it looks at its status, and stumbles over what a proxy wrote.
        raise OutsideError(
            f"could not {what}: an answer that cannot be read ({type(error).__name__})",
            retry_after_s=_AGAIN_S,
        ) from error
