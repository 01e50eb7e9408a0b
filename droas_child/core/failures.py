"""Why a model gave no answer, as classes that decide what to do and what the asker is told."""

from enum import StrEnum


class Failure(StrEnum):
    """What sort of failure it is."""

    BUSY = "busy"
    """Too many requests, or no credit for more right now."""
    CONTEXT = "context"
    """The conversation is too long for the model."""
    REFUSED = "refused"
    """The service refuses: key, model name, or request. Only a person can mend it."""
    SLOW = "slow"
    """No answer in time."""
    BROKEN = "broken"
    """The service failed, or broke off."""


_WORDS = {
    Failure.BUSY: "My language model has too much to do right now. Please ask again in a minute.",
    Failure.CONTEXT: "This conversation has become too long for me. Please ask again in a shorter way.",
    Failure.REFUSED: "My language model does not let me in. The people who run me have to look at it.",
    Failure.SLOW: "My language model did not answer in time. Please ask again.",
    Failure.BROKEN: "My language model broke off. Please ask again.",
}


def of_status(status: int, code: str) -> Failure:
    """Class an HTTP answer of a model's service by its status and its error code."""
    if code == "context_length_exceeded":
        return Failure.CONTEXT
    if status in (402, 429):
        return Failure.BUSY
    if status in (400, 401, 403, 404, 405, 413, 415, 422):
        return Failure.REFUSED
    return Failure.BROKEN


def worth_a_retry(failure: Failure, *, received: bool) -> bool:
    """Say whether the same request may be sent once more: only when nothing of an answer has come."""
    return failure is Failure.BROKEN and not received


def apology(failure: Failure, trace_id: str) -> str:
    """Give what the asker is told: no provider's words, but an id by which the log can be searched."""
    return f"{_WORDS[failure]} (reference {trace_id[:8]})"
