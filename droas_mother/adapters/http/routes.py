"""The table of routes: what is served, what it takes, what it answers. OpenAPI is generated from it."""

from droas_common.wire.records import LogRecord
from droas_mother.adapters.http.asked import Parameter
from droas_mother.adapters.http.config_routes import CONFIG_ROUTES
from droas_mother.adapters.http.record_routes import RECORD_ROUTES
from droas_mother.adapters.http.route import FOLLOW, Route
from droas_mother.adapters.http.tool_routes import TOOL_ROUTES
from droas_mother.core.answers.admin_answers import (
    BotDetails,
    BotList,
    CommandAnswer,
    EventPage,
    Health,
    LogPage,
    Readiness,
)
from droas_mother.core.supervision.events import (
    Commanded,
    ConfigChanged,
    LogEnded,
    Missed,
    StateChanged,
    StreamEnded,
)

_BOT = Parameter(name="name", kind="text", place="path", words="the bot, as its file is named")

ROUTES = (
    Route(
        operation="health",
        path="/health",
        summary="Say whether the mother herself is well",
        answer=Health,
        handle=lambda desk, _asked: desk.health(),
        unwell=503,
        public=True,
    ),
    Route(
        operation="ready",
        path="/ready",
        summary="Say whether every wanted bot and the protection are ready",
        answer=Readiness,
        handle=lambda desk, _asked: desk.ready(),
        unwell=503,
        public=True,
    ),
    Route(
        operation="metrics",
        path="/metrics",
        summary="Give the metrics in Prometheus's text format",
        answer=None,
        handle=lambda desk, _asked: (200, desk.metrics()),
        public=True,
    ),
    Route(
        operation="listBots",
        path="/v1/bots",
        summary="Say how all bots and the mother are",
        answer=BotList,
        handle=lambda desk, _asked: desk.bots(),
    ),
    Route(
        operation="describeBot",
        path="/v1/bots/{name}",
        summary="Tell everything about one bot",
        answer=BotDetails,
        handle=lambda desk, asked: desk.bot(asked["name"]),
        parameters=(_BOT,),
        statuses=(404,),
    ),
    Route(
        operation="readLogs",
        path="/v1/bots/{name}/logs",
        summary="Give a bot's newest log records, oldest first",
        answer=LogPage,
        lines=(LogRecord, LogEnded),
        handle=lambda desk, asked: desk.logs(asked["name"], asked["count"], follow=asked["follow"]),
        parameters=(
            _BOT,
            Parameter(name="count", kind="number", default=50, words="most records of the past"),
            FOLLOW,
        ),
        statuses=(400, 404, 503),
    ),
    Route(
        operation="commandBot",
        method="POST",
        path="/v1/bots/{name}/{verb}",
        summary="Start, stop or restart a bot; written into the audit with the user that asked",
        answer=CommandAnswer,
        handle=lambda desk, asked: desk.command(
            asked["name"], asked["verb"], uid=asked.uid, wait_s=asked["wait_s"]
        ),
        parameters=(
            _BOT,
            Parameter(
                name="verb",
                kind="text",
                place="path",
                words="what to do",
                choices=("start", "stop", "restart"),
            ),
            Parameter(
                name="wait_s",
                kind="number",
                default=0,
                most=120,
                words="answer when the state is reached, or after so many seconds; 0: at once",
            ),
        ),
        statuses=(400, 404, 503),
    ),
    Route(
        operation="readEvents",
        path="/v1/events",
        summary="Give what happened to the bots, oldest first",
        answer=EventPage,
        lines=(StateChanged, Commanded, ConfigChanged, Missed, StreamEnded),
        handle=lambda desk, asked: desk.events(
            asked["count"], after=asked["after"], bot=asked["bot"], follow=asked["follow"]
        ),
        parameters=(
            Parameter(name="count", kind="number", default=50, words="most events of the past"),
            Parameter(
                name="after",
                kind="number",
                most=10**12,
                words="all that are kept after the event of this id, instead of `count`",
            ),
            Parameter(name="bot", kind="text", words="only what happens to this bot"),
            FOLLOW,
        ),
        statuses=(400, 404, 503),
    ),
    *RECORD_ROUTES,
    *TOOL_ROUTES,
    *CONFIG_ROUTES,
)
"""`/v1/openapi.json` is served beside these: it describes them, and itself."""
