"""What each kind of fault may be given, so that a wrong fault is refused when it is armed. Pure.

Every kind takes `times` (how often it strikes; 1 when `for_s` is not given either), `for_s` (for so many
seconds), and `match` (whom it strikes: `bot_id`, `event`, `route`, `method`, `model`, `stream`).
"""

import re
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], bool]


def _seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 86_400


def _skew(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= 86_400


def _whole(least: int, most: int) -> Check:
    return lambda value: type(value) is int and least <= value <= most


def _one_of(*words: str) -> Check:
    return lambda value: value in words


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _headers(value: Any) -> bool:
    return isinstance(value, dict) and all(type(one) in (str, int, float) for one in value.values())


def _anything(_value: Any) -> bool:
    return True


def _match(value: Any) -> bool:
    """Say whether this can be matched with; `route` is a regular expression, the others are compared."""
    if not isinstance(value, dict) or value.keys() - _MATCHED:
        return False
    try:
        re.compile(value.get("route", ""))
    except (re.error, TypeError):
        return False
    return all(type(one) in (str, int, bool) for one in value.values())


_MATCHED = frozenset({"bot_id", "event", "route", "method", "model", "stream"})
_ON = {"on": _one_of("connect", "identify")}
_EVERY: dict[str, Check] = {"times": _whole(1, 1_000_000), "for_s": _seconds, "match": _match}
_SECONDS: dict[str, Check] = {"seconds": _seconds}
_STATUS = _whole(200, 599)

KINDS: dict[str, dict[str, Check]] = {
    # The gateway.
    "drop": _ON,
    "close": {"code": _whole(1000, 4999), **_ON},
    "reconnect": {"close_after_s": _seconds, **_ON},
    "invalid_session": {"resumable": _is_flag, **_ON},
    "ask_heartbeat": _ON,
    "refuse": {},
    "slow_hello": _SECONDS,
    "withhold_acks": {},
    "silence": {},
    "split_frames": {},
    "drop_events": {},
    "delay_events": _SECONDS,
    "duplicate_events": {},
    "reorder_events": {},
    # REST.
    "delay": _SECONDS,
    "reset": {"when": _one_of("before", "after")},
    "rate_limit": {"scope": _one_of("user", "shared", "global"), "retry_after": _seconds},
    "skew": {"seconds": _skew},
    "status": {"status": _STATUS, "body": _anything, "headers": _headers},
    "html": {"status": _whole(400, 599), "retry_after": _seconds},
    "truncate": {},
    # The model.
    "model_error": {
        "status": _STATUS,
        "body": _anything,
        "headers": _headers,
        "after_chunks": _whole(0, 1_000_000),
    },
    "model_drip": {"interval_s": _seconds},
    "model_cut": {"after_chunks": _whole(0, 1_000_000)},
    "model_hang": _SECONDS,
    "model_garbage": {},
    "model_comments": _SECONDS,
}
"""What can be made to go wrong, and the options of each kind beside those of every kind."""


def check(kind: str, options: dict[str, Any]) -> None:
    """Make sure that a fault can be armed; raises ValueError with what is wrong."""
    if kind not in KINDS:
        raise ValueError(f"unknown fault {kind!r}; there are {', '.join(sorted(KINDS))}")
    known = {**_EVERY, **KINDS[kind]}
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"{kind} has no option {name!r}; it has {', '.join(sorted(known))}")
        if not known[name](value):
            raise ValueError(f"{name} of {kind} cannot be {value!r}")
