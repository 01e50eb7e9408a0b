"""When to stop asking somebody who does not answer: a circuit breaker as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """When it opens.

    Args:
        failures: so many in a row open it.
        rest_s: seconds for which nobody is asked; then one call tries.
    """

    failures: int = 5
    rest_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """How it stands.

    Args:
        failures: in a row.
        opened_at: when it opened, in seconds; None while it is closed.
        trying: whether one call is under way that shall tell whether it may close.
    """

    failures: int = 0
    opened_at: float | None = None
    trying: bool = False


def admit(breaker: Breaker, rules: BreakerRules, *, now: float) -> tuple[Breaker, float]:
    """Ask whether a call may be made.

    Returns:
        How it stands then, and the seconds until a call may be made, 0 when it may now.
    """
    if breaker.opened_at is None:
        return breaker, 0.0
    left_s = breaker.opened_at + rules.rest_s - now
    if left_s > 0 or breaker.trying:
        return breaker, max(left_s, rules.rest_s / 10)
    return Breaker(failures=breaker.failures, opened_at=breaker.opened_at, trying=True), 0.0


def after(breaker: Breaker, rules: BreakerRules, *, answered: bool, now: float) -> Breaker:
    """Tell what came of a call; an answer closes it, whatever it says."""
    if answered:
        return Breaker()
    failures = breaker.failures + 1
    opened = failures >= rules.failures or breaker.opened_at is not None
    return Breaker(failures=failures, opened_at=now if opened else None)


def left(breaker: Breaker) -> Breaker:
    """Tell that a call was given up before anything came of it, which says nothing of who was asked."""
    return Breaker(failures=breaker.failures, opened_at=breaker.opened_at)
