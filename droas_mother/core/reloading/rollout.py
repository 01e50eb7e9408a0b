"""Whether a change that some bots try may go on to the others, or must be taken back.

A pure function over what is known of the bots: health, crashes, failed answers, each beside the bots that
still run as before, so that what troubles everybody is not blamed on the change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from droas_common.ids import BotName

CONFIRM_S = 20.0
"""A bot that has not confirmed a change by then cannot take it over; a restart and its start-up fit in."""

UNWELL_S = 5.0
"""So long a bot that was ready may not be ready, for a reconnection to Discord."""

LEAST_FAILURES = 3
MORE_FAILURES = 0.25
"""A canary fails when it cannot answer so many questions, and this share more of them than the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One bot as it is during a rollout, counted from its begin.

    Args:
        name: which.
        confirmed: whether it runs the configuration that it should.
        ready: whether it is ready.
        unready_s: for how long it has not been, 0 when it is.
        crashes: ends of its process that nobody asked for.
        why: what is wrong with it, in words.
        answered: questions answered.
        failed: questions that it could not answer.
        model_ok: whether its model answers; None when unknown.
    """

    name: BotName
    confirmed: bool
    ready: bool
    unready_s: float = 0.0
    crashes: int = 0
    why: str = ""
    answered: int = 0
    failed: int = 0
    model_ok: bool | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on watching."""


@dataclass(frozen=True, slots=True)
class Promote:
    """Give it to all."""

    why: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Give the bots that tried it what they ran before."""

    why: str


Verdict = Wait | Promote | TakeBack


def judge(
    canaries: Sequence[Sight], others: Sequence[Sight], *, elapsed_s: float, observe_s: float
) -> Verdict:
    """Judge a change by the bots that try it.

    Args:
        canaries: those that try it.
        others: those that run as before.
        elapsed_s: seconds since they were given it.
        observe_s: seconds for which they are watched.
    """
    usual = _failure_share(others)
    model_fails_everywhere = any(one.model_ok is False for one in others)
    for one in canaries:
        why = _why_not(one, elapsed_s, usual, model_fails_everywhere)
        if why:
            return TakeBack(f"{one.name} {why}")
    if elapsed_s < observe_s:
        return Wait()
    for one in canaries:
        why = _why_not_at_the_end(one)
        if why:
            return TakeBack(f"{one.name} {why}")
    answered = sum(one.answered for one in canaries)
    names = ", ".join(one.name for one in canaries) or "no bot"
    return Promote(f"{names} ran it for {observe_s:g} s, was ready and answered {answered} questions")


def _why_not(one: Sight, elapsed_s: float, usual: float, model_fails_everywhere: bool) -> str:
    """Say what speaks against a change while it is watched, "" when nothing."""
    words = f": {one.why}" if one.why else ""
    if one.crashes:
        return f"crashed{words}"
    if not one.confirmed and elapsed_s >= CONFIRM_S:
        return f"did not take it over within {CONFIRM_S:g} s{words}"
    if one.confirmed and one.unready_s >= UNWELL_S:
        if one.model_ok is False and model_fails_everywhere:
            return ""
        return f"was not ready for {one.unready_s:.0f} s{words}"
    share = _failure_share([one])
    if one.failed >= LEAST_FAILURES and share > usual + MORE_FAILURES:
        return f"could not answer {one.failed} of {one.answered + one.failed} questions"
    return ""


def _why_not_at_the_end(one: Sight) -> str:
    if not one.confirmed:
        return "has not taken it over"
    return f"is not ready{f': {one.why}' if one.why else ''}" if not one.ready else ""


def _failure_share(bots: Sequence[Sight]) -> float:
    failed = sum(one.failed for one in bots)
    asked = failed + sum(one.answered for one in bots)
    return failed / asked if asked else 0.0
