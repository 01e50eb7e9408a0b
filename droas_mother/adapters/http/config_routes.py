"""The routes of the configuration."""

from droas_mother.adapters.http.asked import Parameter
from droas_mother.adapters.http.route import Route
from droas_mother.core.answers.config_answers import (
    Applied,
    ApplyWanted,
    ConfigStatus,
    History,
    RollbackWanted,
)

CONFIG_ROUTES = (
    Route(
        operation="configStatus",
        path="/v1/config",
        summary="Say what runs, what lies on the disk, and which bot runs which revision",
        answer=ConfigStatus,
        handle=lambda desk, _asked: desk.config.status(),
    ),
    Route(
        operation="configHistory",
        path="/v1/config/history",
        summary="Give the kept revisions, oldest first: who, when, what changed",
        answer=History,
        handle=lambda desk, asked: desk.config.history(asked["count"]),
        parameters=(Parameter(name="count", kind="number", default=20, words="most revisions"),),
        statuses=(400, 503),
    ),
    Route(
        operation="applyConfig",
        method="POST",
        path="/v1/config/apply",
        summary="Put the files into force as they lie there; written into the audit with the user that asked",
        answer=Applied,
        body=ApplyWanted,
        handle=lambda desk, asked: desk.config.apply(asked.body, uid=asked.uid),
        statuses=(400, 409, 503),
    ),
    Route(
        operation="rollbackConfig",
        method="POST",
        path="/v1/config/rollback",
        summary="Put a kept revision into force; the files on the disk stay as they are",
        answer=Applied,
        body=RollbackWanted,
        handle=lambda desk, asked: desk.config.rollback(asked.body, uid=asked.uid),
        statuses=(400, 404, 409, 503),
    ),
)
