"""Every message that the mother sees: facts, the author's recent past, a decision."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from droas_common.ids import Snowflake
from droas_common.settings import ProtectionLevel
from droas_mother.core.protection.decision import Decision
from droas_mother.core.protection.facts import MessageFacts, Trace, remember
from droas_mother.core.protection.judgement import decide, rules
from droas_mother.core.protection.policy import POLICIES, Policy
from droas_mother.core.settings import ProtectionSettings

MAX_MEMBERS = 20_000
"""Members whose recent messages are remembered; the one silent longest is forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision that must be carried out, and the message that led to it.

    Args:
        policy: names the policy, or level, by which it was judged.
    """

    facts: MessageFacts
    decision: Decision
    policy: str


class Inspector:
    """Looks at messages, one after another.

    Args:
        settings: what the rules look for.
        level_of: gives a group's protection level.
        policy_of: gives a group's thresholds; those of its level when absent.
        name_of: names what gives them; the level when absent.
    """

    def __init__(
        self,
        settings: ProtectionSettings,
        *,
        level_of: Callable[[Snowflake], ProtectionLevel],
        policy_of: Callable[[Snowflake], Policy] | None = None,
        name_of: Callable[[Snowflake], str] | None = None,
    ) -> None:
        self._rules = rules(settings)
        self._policy_of = policy_of or (lambda guild_id: POLICIES[level_of(guild_id)])
        self._name_of = name_of or (lambda guild_id: level_of(guild_id).value)
        self._recent: OrderedDict[tuple[Snowflake, Snowflake], tuple[Trace, ...]] = OrderedDict()

    def look_for(self, settings: ProtectionSettings) -> None:
        """Judge by these settings from the next message on."""
        self._rules = rules(settings)

    def inspect(self, facts: MessageFacts) -> Verdict | None:
        """Give what must be done about a message; None when nothing must."""
        member = (facts.guild_id, facts.author_id)
        recent = remember(self._recent.get(member, ()), facts)
        self._recent[member] = recent
        self._recent.move_to_end(member)
        if len(self._recent) > MAX_MEMBERS:
            self._recent.popitem(last=False)
        decision = decide(facts, recent, self._policy_of(facts.guild_id), self._rules)
        if not decision:
            return None
        self._note_removed(member, decision)
        return Verdict(facts=facts, decision=decision, policy=self._name_of(facts.guild_id))

    def _note_removed(self, member: tuple[Snowflake, Snowflake], decision: Decision) -> None:
        """Note what is being deleted, so that it is not deleted a second time."""
        gone = {ref.message_id for ref in decision.delete}
        self._recent[member] = tuple(
            replace(trace, removed=True) if trace.message_id in gone else trace
            for trace in self._recent[member]
        )
