"""Names every adapter once and joins them to the flows."""

from pathlib import Path

from droas_child.adapters.discord import DiscordSpeaker, Ears, intents
from droas_child.adapters.model import HttpModel
from droas_child.adapters.mother import MotherLink
from droas_child.adapters.process import MotherSight
from droas_child.core.conversation import Heard
from droas_child.flows.answer import Answer
from droas_child.flows.bond import Bond
from droas_child.flows.child import Child
from droas_child.flows.intake import Intake, Remembered
from droas_child.flows.model_watch import ModelWatch
from droas_child.flows.news import News
from droas_child.flows.toolbox import Toolbox
from droas_common.connection_limits import IdentifyMeter
from droas_common.discord_connection import DiscordConnection
from droas_common.ids import BotName, Snowflake
from droas_common.logs import log, set_level
from droas_common.settings import ChildSettings
from droas_common.tool_retries import RetryingTools
from droas_common.wire.calls import Json
from droas_common.wire.heartbeats import GatewayState, StartLimit


class Workshop:
    """Builds one bot; must be used on the loop that it will run on.

    Args:
        settings: what it is to do.
        link: the sockets to the mother.
        preloaded: whether this process was forked from a preloaded one.
    """

    def __init__(self, settings: ChildSettings, link: MotherLink, *, preloaded: bool) -> None:
        self._link = link
        self._model = HttpModel(settings.bot.llm_config)
        self._toolbox = Toolbox(RetryingTools(link.tools))
        self._late_thinkers: set[str | None] = set()
        self._speaker = DiscordSpeaker(lambda: self._connection)
        self._intake = Intake(
            settings=lambda: self._news.settings, speaker=self._speaker, make_answer=self._make_answer
        )
        self._news = News(
            BotName(settings.name),
            settings.bot,
            revision=settings.config_revision,
            intake=lambda: self._intake,
            subscriptions=link,
            on_settings=self._take_settings,
        )
        self._connection = self._to_discord(settings)
        self.child = Child(
            mother=link,
            connection=self._connection,
            intake=self._intake,
            news=self._news,
            watches=[self._bond(settings), ModelWatch(self._model, self._intake)],
            preloaded=preloaded,
            heartbeat_interval_s=settings.heartbeat_interval_s,
            drain_grace_s=settings.drain_grace_s,
        )

    async def run(self) -> None:
        """Run the bot to its end."""
        self._link.start(self.child.hear, self._news.hear)
        try:
            await self.child.run()
        finally:
            await self._model.close()
            self._link.leave()

    def _to_discord(self, settings: ChildSettings) -> DiscordConnection:
        ears = Ears(on_question=self._intake.ask, on_removed=self._intake.remove, on_guilds=self._note_guilds)
        return DiscordConnection(
            token=settings.bot.discord_token,
            settings=settings.discord,
            intents=intents(),
            on_state=self._note_gateway,
            wire=ears.wire,
            meter=IdentifyMeter(
                lambda sent: settings.identify_allowance - sent,
                self._note_identify,
                on_limit=self._note_limit,
                first_after_s=settings.identify_after_s,
            ),
        )

    def _bond(self, settings: ChildSettings) -> Bond:
        return Bond(
            MotherSight(Path(settings.beacon_path)),
            server_key=settings.keys.server_key,
            lease_s=settings.orphan_lease_s,
            may_follow=settings.live_restore,
            on_alone=self._note_alone,
            on_follow=self._follow,
            on_leave=self._leave,
        )

    def _make_answer(self, question: Heard, removed: Remembered) -> Answer:
        return Answer(
            question,
            speaker=self._speaker,
            model=self._model,
            toolbox=self._toolbox,
            settings=self._news.settings,
            removed=removed,
            late_thinkers=self._late_thinkers,
        )

    def _take_settings(self, hot: Json) -> None:
        level = hot.get("log_level")
        if isinstance(level, str):
            set_level(level)
        self._toolbox.expire()
        self._model.take(self._news.settings.llm_config)
        self.child.note_settings(hot)

    def _note_gateway(self, state: GatewayState, words: str) -> None:
        self.child.note_gateway(state, words)

    def _note_identify(self) -> None:
        self.child.note_identify()

    def _note_guilds(self, guild_ids: frozenset[Snowflake]) -> None:
        self.child.note_guilds(guild_ids)

    def _note_limit(self, limit: StartLimit) -> None:
        self.child.note_limit(limit)

    def _note_alone(self) -> None:
        self._link.hold()
        self.child.note_alone()

    def _leave(self, why: str) -> None:
        log.warning("mother_missed", why=why)
        self.child.ask_stop(why)

    def _follow(self, server_key: str) -> None:
        log.info("mother_found")
        self._link.follow(server_key)
        self.child.meet()
