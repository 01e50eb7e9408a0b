"""Too many messages in too little time, or the same one again and again."""

from droas_mother.core.protection.decision import Decision, MessageRef
from droas_mother.core.protection.facts import MessageFacts, Trace, print_of
from droas_mother.core.protection.policy import Policy


class FloodRule:
    """Stops a member who floods, and takes the whole flood away."""

    name = "flood"

    def judge(self, facts: MessageFacts, recent: tuple[Trace, ...], policy: Policy) -> Decision:
        """Say what to do about the newest of a row of messages."""
        if facts.edited:
            return Decision()
        burst = [trace for trace in recent if facts.at_s - trace.at_s <= policy.flood_window_s]
        if len(burst) >= policy.flood_messages:
            return self._stop(
                burst, f"{policy.flood_messages} messages within {policy.flood_window_s:g} s", policy
            )
        fingerprint = print_of(facts.text)
        same = [trace for trace in recent if trace.print and trace.print == fingerprint]
        if len(same) >= policy.duplicate_messages:
            return self._stop(same, f"the same message {policy.duplicate_messages} times", policy)
        return Decision()

    def _stop(self, traces: list[Trace], words: str, policy: Policy) -> Decision:
        return Decision(
            delete=frozenset(MessageRef(trace.channel_id, trace.message_id) for trace in traces),
            time_out_s=policy.time_out_s,
            reasons=((self.name, words),),
        )
