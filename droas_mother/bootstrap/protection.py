"""The mother's own bot, what judges the messages that it sees, and what acts on them."""

from droas_common.connection_limits import IdentifyMeter
from droas_common.discord_connection import DiscordConnection
from droas_common.logs import log
from droas_common.wire.heartbeats import GatewayState
from droas_mother.adapters.discord.moderating import DiscordModerator
from droas_mother.adapters.discord.watching import Watcher, connect
from droas_mother.bootstrap.bots import Bots
from droas_mother.bootstrap.ground import Ground
from droas_mother.core.protection.decision import MessageRef
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.core.protection.policy_choice import choice_of
from droas_mother.core.settings import Configuration
from droas_mother.flows.protection.action_executor import ActionExecutor, profile_of
from droas_mother.flows.protection.inspector import Inspector, Verdict
from droas_mother.flows.protection.presence import stay
from droas_mother.flows.protection.witness import Seen


class Protection:
    """Joins inspector, executor and the protecting bot; does nothing where there is no token for it.

    Args:
        ground: what it stands on.
        bots: whose groups are protected.
    """

    def __init__(self, ground: Ground, bots: Bots) -> None:
        settings = ground.settings.protection
        self.state, self.why = "off", ""
        self._ground = ground
        self._identifies = bots.identifies
        self._metrics = ground.metrics
        self._choice = choice_of(ground.configuration)
        self.inspector = Inspector(
            settings,
            policy_of=lambda guild_id: self._choice.of(guild_id, bots.supervisor.settings_in(guild_id)),
            name_of=lambda guild_id: self._choice.name_of(guild_id, bots.supervisor.settings_in(guild_id)),
        )
        self._watcher = Watcher(self._inspect, frozenset(settings.exempt_roles))
        self.control_bot: DiscordConnection | None = None
        self.executor: ActionExecutor | None = None
        token = ground.settings.control_bot.discord_token
        if token is None:
            log.warning("groups_not_protected", why="control_bot.discord_token is not set")
            return
        self.control_bot = connect(
            token=token,
            settings=ground.settings.discord,
            watcher=self._watcher,
            on_state=self._note_state,
            meter=IdentifyMeter(
                lambda _sent: bots.identifies.remaining(token),
                lambda: bots.identifies.note("protection", token, 1),
                on_limit=lambda limit: bots.identifies.note_limit(token, limit),
                first_after_s=bots.identifies.spacing_s(token),
            ),
        )
        self.executor = ActionExecutor(
            DiscordModerator(self.control_bot),
            ground.publisher,
            ground.gateway,
            on_done=self._note_done,
        )

    async def run(self) -> None:
        """Stay on the gateway until the protecting bot is closed; raises FatalGatewayError."""
        bot, token = self.control_bot, self._ground.settings.control_bot.discord_token
        if bot is not None and token is not None:
            await stay(bot.run, wait_s=lambda: self._identifies.wait_s(token), on_held=self._note_held)

    def look_for(self, configuration: Configuration) -> None:
        """Protect as this configuration says from the next message on."""
        settings = configuration.mother.protection
        self._choice = choice_of(configuration)
        self.inspector.look_for(settings)
        self._watcher.exempt_roles = frozenset(settings.exempt_roles)

    def _inspect(self, facts: MessageFacts) -> None:
        self._metrics.note_inspected()
        seen = Seen(guild_id=facts.guild_id, user_id=facts.author_id, at_s=facts.at_s)
        if self._ground.witness.see(facts.message_id, seen, facts.author_roles):
            self._ground.gateway.note(rows=(profile_of(facts, warnings=0),))
        verdict = self.inspector.inspect(facts)
        if verdict is not None and self.executor is not None:
            self.executor.submit(verdict)

    def _note_done(
        self, verdict: Verdict, outcome: str, seconds: float, standing: frozenset[MessageRef]
    ) -> None:
        self._metrics.note_action(verdict.decision.rule, outcome, seconds)
        self.inspector.note_standing(standing)

    def _note_held(self, why: str) -> None:
        self.state, self.why = "held", why
        self._ground.sees = False
        log.error("protection_held", why=why)

    def _note_state(self, state: GatewayState, words: str) -> None:
        self.state, self.why = state.value, words
        self._ground.sees = state is GatewayState.READY
        level = "WARNING" if state in (GatewayState.LOST, GatewayState.REFUSED) else "INFO"
        log.log(level, "protection", state=state.value, words=words)
