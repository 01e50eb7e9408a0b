"""The routes of audit, ledger and people."""

from typing import Any

from droas_common.ids import Snowflake
from droas_mother.adapters.http.asked import Asked, Parameter
from droas_mother.adapters.http.desk import Desk
from droas_mother.adapters.http.route import FOLLOW, Route
from droas_mother.core.answers.admin_answers import AuditPage, AuditRow
from droas_mother.core.answers.tool_answers import UserErased, UserExport, Verdict
from droas_mother.core.bookkeeping.audit_query import AuditQuery
from droas_mother.core.bookkeeping.records import Outcome
from droas_mother.core.supervision.events import LogEnded

_USER = Parameter(name="user", kind="id", place="path", words="the Discord user")
_GUILD = Parameter(name="guild", kind="id", words="only in this group")


def _audit(desk: Desk, asked: Asked) -> Any:
    since_s = asked["since_unix_s"]
    query = AuditQuery(
        count=asked["count"],
        after=asked["after"],
        since_us=None if since_s is None else since_s * 1_000_000,
        kind=asked["kind"],
        caller=asked["caller"],
        user_id=None if asked["user"] is None else Snowflake(asked["user"]),
        guild_id=None if asked["guild"] is None else Snowflake(asked["guild"]),
        action=asked["action"],
        outcome=asked["outcome"],
    )
    return desk.records.audit(query, follow=asked["follow"])


RECORD_ROUTES = (
    Route(
        operation="readAudit",
        path="/v1/audit",
        summary="Give decisions, oldest first: the newest that fit",
        answer=AuditPage,
        lines=(AuditRow, LogEnded),
        handle=_audit,
        parameters=(
            Parameter(name="count", kind="number", default=20, words="most decisions"),
            Parameter(
                name="after",
                kind="number",
                most=10**15 - 1,
                words="only decisions with a larger `seq`, then the oldest of them first",
            ),
            Parameter(name="since_unix_s", kind="number", most=10**11, words="only from this moment on"),
            Parameter(
                name="kind",
                kind="text",
                words="only decisions of this kind",
                choices=("tool", "protection", "command"),
            ),
            Parameter(name="caller", kind="text", words="only what this one asked for: bot:helper, uid:0"),
            Parameter(name="user", kind="id", words="only what was asked for this Discord user"),
            _GUILD,
            Parameter(
                name="action", kind="text", words="only this action; economy.* stands for all that begin so"
            ),
            Parameter(
                name="outcome",
                kind="text",
                words="only what ended so",
                choices=tuple(one.value for one in Outcome),
            ),
            FOLLOW,
        ),
        statuses=(400, 500, 503),
    ),
    Route(
        operation="verifyAudit",
        path="/v1/audit/verify",
        summary="Verify the audit's hash chain, from its first row to its last",
        answer=Verdict,
        handle=lambda desk, _asked: desk.records.verify_audit(),
        statuses=(500, 503),
    ),
    Route(
        operation="verifyLedger",
        path="/v1/ledger/verify",
        summary="Verify the ledger's hash chain, and that transfers, balances and reservations add up",
        answer=Verdict,
        handle=lambda desk, _asked: desk.records.verify_ledger(),
        statuses=(500, 503),
    ),
    Route(
        operation="exportUser",
        path="/v1/users/{user}/export",
        summary="Give everything that is kept of a person; written into the audit",
        answer=UserExport,
        handle=lambda desk, asked: desk.records.export(asked["user"], asked["guild"], uid=asked.uid),
        parameters=(_USER, _GUILD),
        statuses=(400, 500, 503),
    ),
    Route(
        operation="eraseUser",
        method="POST",
        path="/v1/users/{user}/erase",
        summary="Forget a person: coins go back to the issuers, what is kept goes, hashes stay",
        answer=UserErased,
        handle=lambda desk, asked: desk.records.erase(asked["user"], asked["guild"], uid=asked.uid),
        parameters=(_USER, _GUILD),
        statuses=(400, 500, 503),
    ),
)
