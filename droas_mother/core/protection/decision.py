"""What shall be done about a message. Decisions merge: the harsher wins, what is deleted adds up."""

from dataclasses import dataclass

from droas_common.ids import Snowflake


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message to delete."""

    channel_id: Snowflake
    message_id: Snowflake


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Nothing, by default.

    Args:
        delete: messages to delete.
        time_out_s: seconds for which the author is silenced; 0 for not at all.
        reasons: the rules that fired with their words, `(rule, words)`, sorted.
    """

    delete: frozenset[MessageRef] = frozenset()
    time_out_s: float = 0.0
    reasons: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.delete or self.time_out_s)

    @property
    def rule(self) -> str:
        """Name one of the rules that fired, the first by name: what is counted is counted once."""
        return self.reasons[0][0] if self.reasons else ""

    @property
    def words(self) -> str:
        """Say why, to the member and to the audit log."""
        return "; ".join(f"{rule}: {words}" for rule, words in self.reasons)


def merge(first: Decision, second: Decision) -> Decision:
    """Join two decisions about the same member (associative, commutative, idempotent)."""
    return Decision(
        delete=first.delete | second.delete,
        time_out_s=max(first.time_out_s, second.time_out_s),
        reasons=tuple(sorted({*first.reasons, *second.reasons})),
    )
