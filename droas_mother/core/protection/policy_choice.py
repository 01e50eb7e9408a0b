"""Which policy holds in a group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from droas_common.settings import BotSettings, ProtectionLevel
from droas_mother.core.protection.policy import POLICIES, Policy, together
from droas_mother.core.settings import Configuration, ProtectionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChoice:
    """Chooses among levels and named policies.

    Args:
        settings: what groups without any bot have, and what single groups have.
        named: the named policies.
    """

    settings: ProtectionSettings
    named: Mapping[str, Policy]

    def of(self, guild_id: str, bots: Sequence[BotSettings]) -> Policy:
        """Give a group's policy: its own, else the strictest of its bots, else that of groups without any."""
        own = self.named.get(self.settings.guild_policies.get(guild_id, ""))
        if own is not None:
            return own
        if bots:
            return together(self._of_bot(bot) for bot in bots)
        return self._named_or_level(self.settings.policy, POLICIES[self.settings.level])

    def name_of(self, guild_id: str, bots: Sequence[BotSettings]) -> str:
        """Give the names of the policies and levels that make a group's policy, joined by a plus sign."""
        own = self.settings.guild_policies.get(guild_id, "")
        if own in self.named:
            return own
        if bots:
            names = {self._name_or_level(bot.protection_policy, bot.protection_level) for bot in bots}
            return "+".join(sorted(names))
        return self._name_or_level(self.settings.policy, self.settings.level)

    def _name_or_level(self, name: str | None, level: ProtectionLevel) -> str:
        return name if name in self.named and name is not None else level.value

    def _of_bot(self, bot: BotSettings) -> Policy:
        return self._named_or_level(bot.protection_policy, POLICIES[bot.protection_level])

    def _named_or_level(self, name: str | None, level: Policy) -> Policy:
        return self.named.get(name, level) if name is not None else level


def choice_of(configuration: Configuration) -> PolicyChoice:
    """Give the choice that a configuration makes."""
    named = {name: settings.policy() for name, settings in configuration.policies.items()}
    return PolicyChoice(settings=configuration.mother.protection, named=named)
