"""What tells a retry from another call with the same key; it must be the same over all releases."""

import hashlib

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from droas_common.ids import Snowflake
from droas_common.wire.calls import Actor, CallMeta, CallParams
from droas_mother.flows.tools.tool_desk import call_digest

_sorted = msgspec.json.Encoder(order="sorted")
_ids = st.from_regex(r"[0-9]{1,20}", fullmatch=True).map(Snowflake)
_actors = st.none() | st.builds(Actor, user_id=_ids, guild_id=st.none() | _ids, message_id=st.none() | _ids)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_arguments = st.dictionaries(st.text(max_size=5), _values, max_size=4)


def digest(params: CallParams) -> str:
    """Give the digest as the desk does."""
    return call_digest(params, _sorted.encode(params.arguments))


@given(st.sampled_from(["economy.transfer", "users.notes"]), _arguments, _actors)
def test_it_is_the_hash_of_one_json_text(
    name: str, arguments: dict[str, object], actor: Actor | None
) -> None:
    """Tool, arguments, group and member, names sorted: so every release has written it into its databases."""
    who = (actor.guild_id, actor.user_id) if actor else None
    whole = _sorted.encode([name, arguments, who])
    expected = hashlib.blake2b(whole, digest_size=16).hexdigest()
    params = CallParams(name=name, arguments=arguments, meta=CallMeta(actor=actor, idempotency_key="k"))
    assert digest(params) == expected
    turned = dict(reversed(arguments.items()))
    again = CallMeta(actor=actor, idempotency_key="other", deadline_unix_ms=1, traceparent="t")
    assert digest(CallParams(name=name, arguments=turned, meta=again)) == expected
