"""What the audit shows."""

from typing import Any

from droas_mother.core.bookkeeping.audit_query import AuditQuery
from droas_mother.flows.records.audit_feed import AuditFeed

KEY = "sk-" + "a1b2" * 6


class Rows:
    """An audit with these results."""

    def __init__(self, *results: str) -> None:
        self._results = results

    def find_audit(self, _wanted: AuditQuery) -> list[dict[str, Any]]:
        """Give them as rows."""
        return [{"seq": number, "result": text} for number, text in enumerate(self._results, 1)]


async def test_secrets_in_results_are_masked() -> None:
    """By their shape and by the name that they stand under, also in a text that is cut off."""
    rows: Any = Rows(f'{{"notes":["{KEY}"]}}', '{"token":"abc","balance":3}', f'{{"token":"abc","key":"{KEY}')
    shown = [row["result"] for row in await AuditFeed(rows).find(AuditQuery(count=3))]
    assert shown == [
        '{"notes":["[redacted]"]}',
        '{"token":"[redacted]","balance":3}',
        '{"token":"abc","key":"[redacted]',
    ]
