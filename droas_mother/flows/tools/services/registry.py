"""What a tool is, and the list of all of them."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from droas_common.ids import Snowflake
from droas_common.wire.calls import Actor, Json, ToolDescription
from droas_common.wire.plain_texts import fitting
from droas_mother.core.bookkeeping.books import Draft
from droas_mother.core.tools.refusals import Refusal

UserId = Annotated[
    str,
    fitting(
        "(<@!?[1-9][0-9]{0,19}>|[1-9][0-9]{0,19})",
        "a user is an id, 1 to 20 digits, the first of which is not 0, or the mention <@id>",
        description="A Discord user: the id, or the mention <@id>.",
    ),
]

_DAY_US = 86_400_000_000


def user_id_of(text: str) -> Snowflake:
    """Give the id out of an id or a mention."""
    return Snowflake(text.strip("<@!>"))


class Call(msgspec.Struct, frozen=True):
    """What a tool knows of the call that it serves, beside the arguments.

    Args:
        caller: who calls, `bot:helper`.
        actor: on whose behalf.
        at_us: unix microseconds.
        name: names this call, the same for every retry of it.
    """

    caller: str
    actor: Actor | None
    at_us: int
    name: str

    @property
    def call_id(self) -> str:
        """A short name of this call, 24 hexadecimal digits."""
        return hashlib.blake2b(self.name.encode(), digest_size=12).hexdigest()

    @property
    def day(self) -> int:
        """The day of the call: days since 1970, UTC."""
        return self.at_us // _DAY_US

    def member(self) -> tuple[Snowflake, Snowflake]:
        """Give the guild and the user on whose behalf the call is made.

        Raises:
            Refusal: the call is not made for a member of a group.
        """
        if self.actor is None or self.actor.guild_id is None:
            raise Refusal("this works only in a group, for one of its members", kind="no_member")
        return self.actor.guild_id, self.actor.user_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool[Arguments: msgspec.Struct]:
    """One tool.

    Args:
        name: `service.verb`.
        description: what a model is told of it.
        arguments: what it takes; its fields' descriptions become the JSON Schema.
        handle: does the work in a draft and gives the structured result; raises Refusal.
        changes: whether it changes anything; such calls need an idempotency key, and, when a bot makes them,
            a message of the member that the mother has seen herself.
        cacheable: whether its results follow from what is stored alone, and so hold until that changes.
    """

    name: str
    description: str
    arguments: type[Arguments]
    handle: Callable[[Arguments, Call, Draft], Json]
    changes: bool
    cacheable: bool = False

    def run(self, arguments: Json, call: Call, draft: Draft) -> Json:
        """Check the arguments and do the work; raises msgspec.ValidationError and Refusal."""
        return self.handle(msgspec.convert(arguments, self.arguments), call, draft)

    @functools.cache  # noqa: B019 - tools live as long as the mother, and making a schema takes a millisecond
    def describe(self) -> ToolDescription:
        """Give what `tools/list` tells of it."""
        schema = _for_models(msgspec.json.schema(self.arguments))
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


def _for_models(schema: Json) -> Json:
    """Give a schema with patterns that end in `$`: some services refuse a request for any other end."""
    told: Json = msgspec.json.decode(msgspec.json.encode(schema).replace(rb"\\Z", b"$"))
    return told
