"""What the model was asked, for tests and for the curious: the last requests, without keys."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from droas_sandbox.model.script import Reply

Json = dict[str, Any]
KEPT_REQUESTS = 200
MAX_KEPT_BYTES = 256 * 1024
"""A longer body is not kept, so that the journal stays small whatever is sent."""

_SECRET = frozenset({"authorization", "api-key", "x-api-key", "cookie"})


class Entry:
    """One request and what became of it.

    Args:
        at: unix seconds at which it came.
        headers: as they came; those with keys are left out.
    """

    def __init__(self, at: float, headers: Mapping[str, str]) -> None:
        self._fields: Json = {
            "at": at,
            "headers": {name: value for name, value in headers.items() if name.lower() not in _SECRET},
            "body": None,
            "status": None,
            "reply": None,
            "faults": [],
            "aborted": False,
        }

    def read(self, raw: bytes, body: Any) -> None:
        """Note what was sent."""
        self._fields["body"] = body if len(raw) <= MAX_KEPT_BYTES else {"omitted_bytes": len(raw)}

    def decided(self, reply: Reply) -> None:
        """Note what the model says."""
        self._fields["reply"] = asdict(reply)

    def answered(self, status: int) -> None:
        """Note the HTTP status."""
        self._fields["status"] = status

    def struck(self, kind: str) -> None:
        """Note a fault that struck."""
        self._fields["faults"].append(kind)

    def aborted(self) -> None:
        """Note that the client went away before the end."""
        self._fields["aborted"] = True

    def shown(self) -> Json:
        """Give it as JSON."""
        return dict(self._fields)


class Journal:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_REQUESTS)

    def open(self, at: float, headers: Mapping[str, str]) -> Entry:
        """Begin an entry."""
        entry = Entry(at, headers)
        self._entries.append(entry)
        return entry

    def shown(self) -> list[Json]:
        """Give all as JSON."""
        return [entry.shown() for entry in self._entries]
