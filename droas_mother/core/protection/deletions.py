"""In which requests messages are deleted: as many at once as Discord allows.

Source: Discord API reference, Bulk Delete Messages: 2 to 100 of one channel, none older than two weeks; one
that is older spoils the whole request.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import batched, groupby

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_mother.core.protection.decision import MessageRef

MAX_BULK = 100
"""Messages of one bulk deletion."""

BULK_AGE_S = 14 * 86_400.0 - 3_600.0
"""Messages older than this are deleted one by one; an hour is left for clocks that differ and for waiting."""

_EPOCH_S = 1_420_070_400.0
"""The first second of 2015, from which Discord's ids count."""


class PartlyDeletedError(OutsideError):
    """Of the messages of one request some are left; the others are gone.

    Args:
        message: what happened to those that are left.
        left: their ids.
        retry_after_s: seconds after which a retry may help; None when nobody said.
    """

    def __init__(
        self, message: str, *, left: frozenset[Snowflake], retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.left = left


@dataclass(frozen=True, slots=True)
class Deletion:
    """One request: messages of one channel, one or as many as a bulk may hold."""

    channel_id: Snowflake
    message_ids: tuple[Snowflake, ...]

    @property
    def refs(self) -> frozenset[MessageRef]:
        """The messages that it deletes."""
        return frozenset(MessageRef(self.channel_id, message_id) for message_id in self.message_ids)


def deletions(refs: Iterable[MessageRef], now_s: float) -> list[Deletion]:
    """Give the requests that delete these messages, those that take away most at once first.

    Args:
        refs: what is to be deleted.
        now_s: unix seconds.
    """
    found: list[Deletion] = []
    for channel_id, group in groupby(sorted(refs, key=place_of), key=lambda ref: ref.channel_id):
        found += _of_channel(channel_id, [ref.message_id for ref in group], now_s)
    return sorted(found, key=lambda one: len(one.message_ids), reverse=True)


def place_of(ref: MessageRef) -> tuple[str, int]:
    """Order messages by channel, and by age there."""
    return ref.channel_id, int(ref.message_id)


def _of_channel(channel_id: Snowflake, ids: list[Snowflake], now_s: float) -> Iterator[Deletion]:
    old = [one for one in ids if now_s - _written_s(one) > BULK_AGE_S]
    for part in batched(ids[len(old) :], MAX_BULK):
        yield Deletion(channel_id, part)
    for one in old:
        yield Deletion(channel_id, (one,))


def _written_s(message_id: Snowflake) -> float:
    return (int(message_id) >> 22) / 1000 + _EPOCH_S
