"""What the admin interface is asked and answers about tools, clients, audit, ledger and people.

The rules of `admin_answers` hold here, too: fields are added, never renamed or given another meaning.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from droas_common.wire.calls import Json, ToolDescription
from droas_mother.core.answers.admin_answers import Answer, AuditRow, Body

DiscordId = Annotated[str, Meta(pattern="^[0-9]{1,20}$", description="a Discord id")]
Pattern = Annotated[
    str, Meta(pattern=r"^[a-z0-9_.*?\[\]-]{1,96}$", description="a tool, or several of them: economy.*")
]
ClientName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,63}$", description="how it is called")]


class ToolCall(Body, frozen=True):
    """A tool call of somebody at the machine."""

    name: Annotated[str, Meta(max_length=96)]
    arguments: Json = msgspec.field(default_factory=dict)
    guild_id: DiscordId | None = None
    user_id: Annotated[DiscordId | None, Meta(description="the member for whom it is made")] = None
    idempotency_key: Annotated[str, Meta(min_length=1, max_length=128)] | None = None


class ToolFault(Answer, frozen=True):
    """Why a call was not done."""

    code: int
    kind: str
    message: str
    path: Annotated[str | None, Meta(description="where in the arguments the fault is")]
    retry_after_ms: int | None


class ToolCalled(Answer, frozen=True):
    """What became of a call: a result, or an error."""

    idempotency_key: str | None
    structured_content: Annotated[Json | None, Meta(description="what the tool gave; null with an error")]
    is_error: Annotated[bool, Meta(description="whether the tool said no, or the call was not done")]
    replayed: Annotated[bool, Meta(description="whether this key was used before; this is that result")]
    error: ToolFault | None


class ToolPage(Answer, frozen=True):
    """All tools."""

    tools: list[ToolDescription]


class ClientWanted(Body, frozen=True):
    """An external client that is to be added."""

    name: ClientName
    tools: Annotated[list[Pattern], Meta(min_length=1, max_length=64)]
    guilds: Annotated[list[DiscordId], Meta(max_length=256)] | None = None
    rate_per_s: Annotated[float, Meta(gt=0, le=100_000)] | None = None


class Credential(Answer, frozen=True):
    """What a new client proves itself with; told once, and kept nowhere."""

    name: str
    public_key: str
    secret_key: Annotated[str, Meta(description="CURVE, Z85")]
    endpoint: Annotated[str, Meta(description="the tool socket")]
    beacon: Annotated[str, Meta(description="the file with the server's public key, new with every start")]


class ClientReport(Answer, frozen=True):
    """One external client."""

    name: str
    public_key: str
    tools: list[str]
    guilds: Annotated[list[str] | None, Meta(description="the groups that it may call for; null: all")]
    rate_per_s: Annotated[float | None, Meta(description="null: what holds for everybody")]
    added_unix_s: float
    revoked: bool


class ClientPage(Answer, frozen=True):
    """All external clients."""

    clients: list[ClientReport]


class Verdict(Answer, frozen=True):
    """What a verification found."""

    rows: Annotated[int, Meta(description="how many were looked at")]
    erased: Annotated[int, Meta(description="how many have lost their content: somebody was forgotten")]
    faults: Annotated[list[str], Meta(description="what is wrong, in words; none when all is well")]


class UserExport(Answer, frozen=True):
    """Everything that is kept of a person."""

    user_id: str
    guild_id: Annotated[str | None, Meta(description="the group; null: all of them")]
    profiles: list[Json]
    memories: list[Json]
    accounts: list[Json]
    holds: list[Json]
    claims: list[Json]
    spendings: list[Json]
    entries: list[Json]
    audit: Annotated[list[AuditRow], Meta(description="decisions for this person, or that name him")]


class UserErased(Answer, frozen=True):
    """What was done when a person was forgotten."""

    user_digest: Annotated[str, Meta(description="what stands in the audit for the id")]
    accounts: Annotated[int, Meta(description="accounts that were closed")]
    coins: Annotated[dict[str, int], Meta(description="what went back to the issuers, by currency")]
    holds: Annotated[int, Meta(description="reservations that were taken back")]
