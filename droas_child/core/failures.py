"""Why a model gave no answer, as classes that decide what to do and what the asker is told."""

import re
from enum import StrEnum
from typing import Any


class Failure(StrEnum):
    """What sort of failure it is."""

    BUSY = "busy"
    """Too many requests, or no credit for more right now."""
    CONTEXT = "context"
    """The conversation is too long for the model."""
    REFUSED = "refused"
    """The service refuses: key, model name, or request. Only a person can mend it."""
    FILTERED = "filtered"
    """The service's rules forbid an answer to this question."""
    SLOW = "slow"
    """No answer in time."""
    BROKEN = "broken"
    """The service failed, or broke off."""


_WORDS = {
    Failure.BUSY: "My language model has too much to do right now. Please ask again in a minute.",
    Failure.CONTEXT: "This conversation has become too long for me. Please ask again in a shorter way.",
    Failure.REFUSED: "My language model does not let me in. The people who run me have to look at it.",
    Failure.FILTERED: "My language model may not answer that.",
    Failure.SLOW: "My language model did not answer in time. Please ask again.",
    Failure.BROKEN: "My language model broke off. Please ask again.",
}
_TOO_LONG = re.compile(r"(?i)context_length|maximum context|context (?:length|window|size)")
_FILTER = re.compile(r"(?i)content_(?:filter|policy)")
_LIMIT = re.compile(r"(?i)rate_?limit|quota|billing|overloaded")
_REFUSALS = frozenset({400, 401, 403, 404, 405, 413, 415, 422})


def of_status(status: int, code: str, message: str = "") -> Failure:
    """Class an HTTP answer of a model's service.

    Args:
        status: the HTTP status; 0 for an error inside a stream that names none.
        code: the error's code or type, "" without one.
        message: the provider's words; read for the one thing that many servers say in words only.
    """
    if status in (0, 400, 413, 422) and (_TOO_LONG.search(code) or _TOO_LONG.search(message)):
        return Failure.CONTEXT
    if _FILTER.search(code):
        return Failure.FILTERED
    if status in (402, 429) or (status == 0 and _LIMIT.search(code)):
        return Failure.BUSY
    return Failure.REFUSED if status in _REFUSALS else Failure.BROKEN


def read_error(body: Any) -> tuple[str, str]:
    """Give code and words of an error body, in whichever of the forms seen in the wild it comes.

    Args:
        body: `{"error": {…}}`, `{"error": "text"}`, `[{"error": …}]`, `{"detail": …}`, `{"message": …}`, a text.
    """
    if isinstance(body, list):
        body = body[0] if body else None
    if isinstance(body, dict) and body.get("error"):
        body = body["error"]
    if not isinstance(body, dict):
        return "", body if isinstance(body, str) else ""
    code = body.get("code") or body.get("type") or body.get("status") or ""
    words = body.get("message") or body.get("detail") or ""
    return str(code)[:100], words if isinstance(words, str) else ""


def of_stream_error(chunk: Any) -> tuple[Failure, str]:
    """Class an error that came inside a stream of status 200; gives its code too, for the log."""
    code, message = read_error(chunk)
    status = int(code) if re.fullmatch(r"[45]\d\d", code) else 0
    return of_status(status, code, message), code


def retry_after_s(milliseconds: str, seconds: str) -> float | None:
    """Read the headers `retry-after-ms` and `retry-after`; dates and nonsense count as not said."""
    for text, unit_s in ((milliseconds, 0.001), (seconds, 1.0)):
        if re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", text):
            return float(text) * unit_s
    return None


def worth_a_retry(failure: Failure, *, received: bool) -> bool:
    """Say whether the same request may be sent once more: only when nothing of an answer has come."""
    return failure is Failure.BROKEN and not received


def apology(failure: Failure, trace_id: str) -> str:
    """Give what the asker is told: no provider's words, but an id by which the log can be searched."""
    return f"{_WORDS[failure]} (reference {trace_id[:8]})"
