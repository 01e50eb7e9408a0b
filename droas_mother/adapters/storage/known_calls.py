"""Which calls were made before, looked up for a whole group at once."""

from collections.abc import Iterable
from typing import Any

from droas_common.wire.frames import encode
from droas_mother.core.bookkeeping.records import Outcome, StoredCall

_FOUND = "caller, key, digest, outcome, result"
_ONE = f"SELECT {_FOUND} FROM audit WHERE caller = ? AND key = ? AND digest IS NOT NULL"  # noqa: S608 - constants
_ALL = (
    f"SELECT {_FOUND} FROM audit JOIN json_to_recordset(%s::json) AS wanted (caller text, key text) "  # noqa: S608 - constants
    "USING (caller, key) WHERE digest IS NOT NULL"
)


class KnownCalls:
    """What was found of the calls that were looked up last; forgotten whenever something is committed.

    Args:
        dialect_name: which database it is.
    """

    def __init__(self, dialect_name: str) -> None:
        self._at_once = dialect_name == "postgresql"  # a round trip away; SQLite is not
        self._found: dict[tuple[str, str], StoredCall | None] = {}

    def look_up(self, cursor: Any, calls: Iterable[tuple[str, str]]) -> None:
        """Look for these calls; the driver's error comes through."""
        wanted = list(calls)
        if not wanted:
            return
        found = dict.fromkeys(wanted)
        for caller, key, *stored in self._rows(cursor, wanted):
            digest, outcome, result = stored
            found[caller, key] = StoredCall(digest=digest, outcome=Outcome(outcome), result=result)
        self._found |= found

    def covers(self, caller: str, key: str) -> bool:
        """Say whether this call was looked for."""
        return (caller, key) in self._found

    def get(self, caller: str, key: str) -> StoredCall | None:
        """Give what was found of a call that was looked for."""
        return self._found[caller, key]

    def forget(self) -> None:
        """Forget all; they must be looked up again."""
        self._found.clear()

    def _rows(self, cursor: Any, wanted: list[tuple[str, str]]) -> list[Any]:
        if self._at_once:
            objects = [{"caller": caller, "key": key} for caller, key in wanted]
            return list(cursor.execute(_ALL, (encode(objects).decode(),)).fetchall())
        rows: list[Any] = []
        for pair in wanted:
            rows += cursor.execute(_ONE, pair).fetchall()  # to its end: a read left open would hold up others
        return rows
