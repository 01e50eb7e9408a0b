"""How often somebody may call: token buckets as values."""

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much is allowed.

    Args:
        per_s: calls that come back each second.
        burst: calls that may be made at once.
    """

    per_s: float
    burst: float


class Bucket(msgspec.Struct, frozen=True):
    """What is left of a rate at a moment.

    Args:
        left: calls that may be made now.
        at: the moment, in seconds.
    """

    left: float
    at: float


def take(bucket: Bucket | None, rate: Rate, *, now: float) -> tuple[Bucket, float]:
    """Take one call.

    Args:
        bucket: what was left; None for somebody new, who has the whole burst.
        rate: how much is allowed.
        now: the present moment in seconds.

    Returns:
        What is left, and the seconds until the call may be made, 0 when it may now.
    """
    left = rate.burst if bucket is None else min(rate.burst, bucket.left + (now - bucket.at) * rate.per_s)
    if left >= 1:
        return Bucket(left - 1, now), 0.0
    return Bucket(left, now), (1 - left) / rate.per_s
