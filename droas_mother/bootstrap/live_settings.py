"""Carries a plan out: what runs takes the settings over, or is started, stopped, replaced."""

from droas_common.ids import BotName
from droas_common.logs import redactor
from droas_mother.bootstrap.bots import Bots
from droas_mother.bootstrap.ground import Ground
from droas_mother.bootstrap.office import Office
from droas_mother.bootstrap.protection import Protection
from droas_mother.core.reloading.config_plan import Plan, secrets_of
from droas_mother.core.settings import Configuration

_WHY = "its settings changed"


class LiveSettings:
    """Knows everything that can take settings over.

    Args:
        ground: tools, coins, logs.
        bots: the children.
        protection: the rules.
        office: what is swept.
    """

    def __init__(self, ground: Ground, bots: Bots, protection: Protection, office: Office) -> None:
        self._ground = ground
        self._bots = bots
        self._protection = protection
        self._office = office

    def give_all(
        self, steps: Plan, target: Configuration, revision: int, *, done: frozenset[BotName] = frozenset()
    ) -> None:
        """Bring the mother and all bots to a configuration, but for those that have it already."""
        redactor.learn(secrets_of(target))
        settings = target.mother
        self._ground.hold(target)
        self._protection.look_for(target)
        self._office.housekeeping.retention_days = settings.audit.retention_days
        if steps.mother:
            self._bots.keep_by(settings.supervision)
        for name in steps.stop:
            self._bots.supervisor.drop(name)
        for name in steps.start:
            self._bots.add(name, target.bots[name], revision)
        self.give(steps, target, revision, to=frozenset(target.bots) - steps.start - done)
        for name in sorted(done & target.bots.keys()):
            self._bots.publish(name)  # the mother's part of their settings is new to them

    def give(self, steps: Plan, target: Configuration, revision: int, *, to: frozenset[BotName]) -> None:
        """Bring these running bots to a configuration, and nothing else."""
        redactor.learn(secrets_of(target))
        for name in sorted(to):
            renewal = _WHY if name in steps.restart else ""
            self._bots.give(name, target.bots[name], revision, renewal=renewal)

    def repeat(self, name: BotName) -> None:
        """Publish a bot's settings once more."""
        self._bots.publish(name)
