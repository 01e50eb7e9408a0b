"""What is wrong with the mother's settings although each value by itself could stand."""

import re
from collections import Counter
from collections.abc import Iterator

from droas_mother.core.configuration.faults import Fault
from droas_mother.core.settings import SERVED_DATABASES, MotherSettings
from droas_mother.core.tools.tool_settings import EconomySettings

_SERVED = re.compile(rf"({'|'.join(SERVED_DATABASES)})(\+[a-z0-9_]+)?://")
_ID = re.compile(r"[0-9]{1,20}")


def contradictions(settings: MotherSettings) -> Iterator[Fault]:
    """Name what a mother could not start with, or not live with."""
    url = settings.storage.url
    if url is not None and not _SERVED.match(url.get_secret_value()):
        words = "storage.url: this kind of database is not served"
        yield Fault(("storage", "url"), words, "sqlite:///… or postgresql+psycopg://…")
    yield from _of_supervision(settings)
    yield from _of_coins(settings.economy)
    for guild_id in settings.protection.guild_policies:
        yield from _of_id(("protection", "guild_policies", guild_id))


def _of_supervision(settings: MotherSettings) -> Iterator[Fault]:
    kept = settings.supervision
    if kept.heartbeat_timeout_s <= kept.heartbeat_interval_s:
        words = "supervision.heartbeat_timeout_s: every bot would be killed before its next heartbeat"
        expected = f"more than heartbeat_interval_s ({kept.heartbeat_interval_s:g})"
        yield Fault(("supervision", "heartbeat_timeout_s"), words, expected)
    for what in ("memory", "files", "threads"):
        unit = "_mib" if what == "memory" else ""
        soft = getattr(kept.limits, f"{what}_soft{unit}")
        hard = getattr(kept.limits, f"{what}_hard{unit}")
        if soft is not None and hard is not None and soft > hard:
            name = f"{what}_soft{unit}"
            words = f"supervision.limits.{name}: the soft limit is beyond the hard one"
            yield Fault(("supervision", "limits", name), words, f"at most {what}_hard{unit} ({hard})")


def _of_coins(economy: EconomySettings) -> Iterator[Fault]:
    yield from _twice(("economy", "currencies"), economy.currencies)
    for guild_id, currencies in economy.guild_currencies.items():
        place = ("economy", "guild_currencies", guild_id)
        yield from _of_id(place)
        yield from _twice(place, currencies)
        if not currencies:
            words = "economy.guild_currencies: this group has no currency"
            yield Fault(place, words, "a name at least, or no line for this group")


def _twice(place: tuple[str, ...], names: tuple[str, ...]) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            last = len(names) - 1 - names[::-1].index(name)
            yield Fault((*place, last), f"{'.'.join(place[:2])}: {name} stands here twice")


def _of_id(place: tuple[str, str, str]) -> Iterator[Fault]:
    if not _ID.fullmatch(place[-1]):
        words = f"{place[0]}.{place[1]}: this is no id of a group"
        yield Fault(place, words, "1 to 20 digits", of_key=True)
