"""What an external client may do, as it is kept with it."""

import msgspec

from droas_mother.core.answers.tool_answers import ClientReport, ClientWanted
from droas_mother.core.bookkeeping.records import Client
from droas_mother.core.tools.authorization import Principal, PrincipalKind
from droas_mother.core.tools.rate_limits import Rate


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON of a client's scope.

    Args:
        tools: patterns of the tools that it may call.
        guilds: the groups for whose members it may call; None for all.
        rate_per_s: calls that come back each second; None for what holds for everybody.
    """

    tools: tuple[str, ...]
    guilds: tuple[str, ...] | None = None
    rate_per_s: float | None = None


def scope_text(wanted: ClientWanted) -> str:
    """Give what is kept of somebody's wish."""
    guilds = None if wanted.guilds is None else tuple(wanted.guilds)
    return msgspec.json.encode(
        Scope(tools=tuple(wanted.tools), guilds=guilds, rate_per_s=wanted.rate_per_s)
    ).decode()


def principal_of(client: Client) -> Principal:
    """Give who a client is, once it has proven its key."""
    scope = _scope(client)
    rate = scope.rate_per_s
    return Principal(
        kind=PrincipalKind.CLIENT,
        name=client.name,
        tools=scope.tools,
        guilds=None if scope.guilds is None else frozenset(scope.guilds),
        rate=None if rate is None else Rate(per_s=rate, burst=max(1, int(rate))),
    )


def report(client: Client) -> ClientReport:
    """Tell of a client."""
    scope = _scope(client)
    return ClientReport(
        name=client.name,
        public_key=client.public_key,
        tools=list(scope.tools),
        guilds=None if scope.guilds is None else list(scope.guilds),
        rate_per_s=scope.rate_per_s,
        added_unix_s=client.at_us / 1e6,
        revoked=client.revoked,
    )


def _scope(client: Client) -> Scope:
    return msgspec.json.decode(client.scope, type=Scope)
