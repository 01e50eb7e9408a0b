"""What a tool is, and the list of all of them."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from droas_common.ids import Snowflake
from droas_common.wire.calls import Actor, Json, ToolDescription
from droas_mother.core.books import Draft
from droas_mother.core.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a tool knows of the call that it serves, beside the arguments."""

    caller: str
    actor: Actor | None
    at_us: int

    def member(self) -> tuple[Snowflake, Snowflake]:
        """Give the guild and the user on whose behalf the call is made.

        Raises:
            Refusal: the call is not made for a member of a group.
        """
        if self.actor is None or self.actor.guild_id is None:
            raise Refusal("this works only in a group, for one of its members", kind="no_member")
        return Snowflake(self.actor.guild_id), Snowflake(self.actor.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool[Arguments: msgspec.Struct]:
    """One tool.

    Args:
        name: `service.verb`.
        description: what a model is told of it.
        arguments: what it takes; its fields' descriptions become the JSON Schema.
        handle: does the work in a draft and gives the structured result; raises Refusal.
        changes: whether it changes anything; such calls need an idempotency key.
    """

    name: str
    description: str
    arguments: type[Arguments]
    handle: Callable[[Arguments, Call, Draft], Json]
    changes: bool

    def run(self, arguments: Json, call: Call, draft: Draft) -> Json:
        """Check the arguments and do the work; raises msgspec.ValidationError and Refusal."""
        return self.handle(msgspec.convert(arguments, self.arguments), call, draft)

    def describe(self) -> ToolDescription:
        """Give what `tools/list` tells of it."""
        schema = msgspec.json.schema(self.arguments)
        definition = schema.get("$defs", {}).get(self.arguments.__name__, schema)
        return ToolDescription(
            name=self.name,
            description=self.description,
            input_schema={
                "type": "object",
                "properties": definition.get("properties", {}),
                "required": definition.get("required", []),
                "additionalProperties": False,
            },
            annotations={"readOnlyHint": not self.changes, "idempotentHint": True},
        )
