"""Every message that the mother sees: facts, the author's recent past, a decision."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from droas_common.ids import Snowflake
from droas_mother.core.protection.decision import Decision, MessageRef
from droas_mother.core.protection.facts import MEMORY_S, MessageFacts, Trace, remember
from droas_mother.core.protection.judgement import decide, rules
from droas_mother.core.protection.policy import Policy
from droas_mother.core.settings import ProtectionSettings

MAX_MEMBERS = 20_000
"""Members whose recent messages are remembered; the one silent longest is forgotten first."""

MAX_CONDEMNED = 20_000
"""Messages remembered of those that were to be deleted."""


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
        policy_of: gives a group's thresholds.
        name_of: names what gives them.
    """

    def __init__(
        self,
        settings: ProtectionSettings,
        *,
        policy_of: Callable[[Snowflake], Policy],
        name_of: Callable[[Snowflake], str],
    ) -> None:
        self._rules = rules(settings)
        self._policy_of = policy_of
        self._name_of = name_of
        self._recent: OrderedDict[tuple[Snowflake, Snowflake], tuple[Trace, ...]] = OrderedDict()
        self._condemned: OrderedDict[Snowflake, None] = OrderedDict()

    def look_for(self, settings: ProtectionSettings) -> None:
        """Judge by these settings from the next message on."""
        self._rules = rules(settings)

    def inspect(self, facts: MessageFacts) -> Verdict | None:
        """Give what must be done about a message; None when nothing must, or it is being done already."""
        member = (facts.guild_id, facts.author_id)
        recent = remember(self._recent.get(member, ()), facts)
        self._recent[member] = recent
        self._recent.move_to_end(member)
        self._forget(facts.at_s)
        decision = decide(facts, recent, self._policy_of(facts.guild_id), self._rules)
        fresh = frozenset(ref for ref in decision.delete if ref.message_id not in self._condemned)
        if not fresh:
            return None
        self._note_condemned(fresh)
        return Verdict(
            facts=facts, decision=replace(decision, delete=fresh), policy=self._name_of(facts.guild_id)
        )

    def _forget(self, now_s: float) -> None:
        """Forget members who have been silent for longer than rules look back; the one silent longest is the first."""
        while self._recent:
            traces = next(iter(self._recent.values()))
            silent = not traces or now_s - traces[-1].at_s > MEMORY_S
            if not silent and len(self._recent) <= MAX_MEMBERS:
                return
            self._recent.popitem(last=False)

    def note_standing(self, refs: Iterable[MessageRef]) -> None:
        """Note that nobody will delete these any more: they still stand, and may be judged again."""
        for ref in refs:
            self._condemned.pop(ref.message_id, None)

    def _note_condemned(self, refs: Iterable[MessageRef]) -> None:
        """Note what is being deleted, so that nothing is deleted, audited and warned of a second time."""
        for ref in refs:
            self._condemned[ref.message_id] = None
        while len(self._condemned) > MAX_CONDEMNED:
            self._condemned.popitem(last=False)
