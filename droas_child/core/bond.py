"""What a child does when its mother is gone: stay, follow a new one, or leave."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What can be seen of a mother.

    Args:
        alive: whether one lives.
        server_key: the public key of her sockets, "" when there is none.
    """

    alive: bool
    server_key: str


@dataclass(frozen=True, slots=True)
class Stay:
    """Go on; without a mother since this moment, None while there is one."""

    alone_since: float | None


@dataclass(frozen=True, slots=True)
class Follow:
    """Register with the mother who has this key: a new one, or ours, who was out of sight."""

    server_key: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave Discord in good order and end."""

    why: str


def next_of_kin(
    sight: Sight, *, known_key: str, alone_since: float | None, now: float, lease_s: float, may_follow: bool
) -> Stay | Follow | Leave:
    """Decide by what is seen.

    Args:
        sight: what is seen now.
        known_key: the key of the mother that this child has registered with.
        alone_since: since when there is no mother, None while there is one.
        now: the present moment of the monotonic clock.
        lease_s: how long to go on alone.
        may_follow: whether a new mother may be followed.
    """
    ours = sight.server_key == known_key
    if sight.alive and ours and alone_since is None:
        return Stay(None)
    if sight.alive and (ours or may_follow):
        return Follow(sight.server_key)
    since = now if alone_since is None else alone_since
    if now - since >= lease_s:
        return Leave(f"the mother has been gone for {lease_s:g} s")
    return Stay(since)
