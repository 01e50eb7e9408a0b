"""One bot, told in full."""

import time

from droas_mother.ctl.command import Row
from droas_mother.ctl.terminal import bold, coloured
from droas_mother.ctl.wording import duration, moment, number, until

_UNITS = {"_s": " s", "_ms": " ms", "_mib": " MiB", "_percent": " %"}


def description(bot: Row) -> list[str]:
    """Tell everything about one bot, a room each."""
    rooms = (
        ("", _state(bot)),
        ("Process", _process(bot)),
        ("Discord", _discord(bot)),
        ("Work", _work(bot)),
        ("Last exits", _exits(bot)),
        ("Limits", _figures(bot["limits"])),
    )
    lines: list[str] = []
    for title, facts in rooms:
        if title:
            lines += ["", bold(title)]
        width = max((len(name) for name, _ in facts), default=0)
        lines += [f"  {name:<{width}}  {words}".rstrip() for name, words in facts]
    stacks = bot["last_stacks"].splitlines()
    if stacks:
        lines += ["", bold("Where it stood when it last hung"), *(f"  {line}" for line in stacks)]
    return lines


def _state(bot: Row) -> list[tuple[str, str]]:
    facts = [
        ("bot", bold(bot["name"])),
        ("state", coloured(bot["state"], bot["state"])),
        ("wanted", "running" if bot["wanted"] else "stopped, until somebody starts it"),
    ]
    if bot["reason"]:
        facts.append(("because", bot["reason"]))
    if bot["next_start_unix_s"]:
        facts.append(("next try", f"in {until(bot['next_start_unix_s'])}"))
    return facts


def _process(bot: Row) -> list[tuple[str, str]]:
    return [
        ("pid", str(bot["pid"] or "-")),
        ("up", duration(bot["uptime_s"]) + (", taken over from an earlier mother" if bot["adopted"] else "")),
        ("memory", number(bot["pss_mib"], " MiB (PSS)")),
        ("cpu", number(bot["cpu_percent"], " % of a core")),
        ("open files", number(bot["open_files"])),
        ("threads", number(bot["threads"])),
        ("loop lag", number(bot["loop_lag_ms"], " ms")),
        ("restarts", f"{bot['restarts']} since the mother started"),
        ("crashes", f"{bot['crashes_in_a_row']} in a row"),
    ]


def _discord(bot: Row) -> list[tuple[str, str]]:
    guilds = bot["guilds"]
    return [
        ("gateway", bot["gateway"] or "-"),
        ("latency", number(bot["gateway_latency_ms"], " ms")),
        ("acknowledged", number(bot["gateway_ack_age_s"], " s ago")),
        (
            "groups",
            f"{len(guilds)}: {', '.join(guilds[:20])}{', …' if len(guilds) > 20 else ''}" if guilds else "0",
        ),
        ("protection", bot["protection_level"]),
        ("identifies", _budget(bot["identifies"])),
    ]


def _budget(budget: Row) -> str:
    remaining = budget["discord_remaining"]
    said = "" if remaining is None else f"; Discord has {remaining} left"
    return f"{budget['spent']} of {budget['most']} within 24 hours{said}"


def _work(bot: Row) -> list[tuple[str, str]]:
    model = {None: "not asked yet", True: "answers", False: "does not answer"}[bot["model_ok"]]
    return [
        ("model", f"{bot['model']} ({model})"),
        ("answered", number(bot["answered"])),
        ("failed", number(bot["failed"])),
        ("in flight", number(bot["in_flight"])),
        ("tools", ", ".join(bot["tools"]) or "none"),
        ("configuration", f"revision {number(bot['config_revision'])}"),
        *_figures(bot["settings"]),
    ]


def _exits(bot: Row) -> list[tuple[str, str]]:
    if not bot["exits"]:
        return [("none", "since the mother started")]
    return [
        (
            moment(one["at"]),
            f"{one['words']} (lived {duration(one['lived_s'])}, {duration(time.time() - one['at'])} ago)",
        )
        for one in reversed(bot["exits"])
    ]


def _figures(values: Row) -> list[tuple[str, str]]:
    """Give settings in words: `stop_grace_s: 8` is "stop grace: 8 s"."""
    facts = []
    for key, value in values.items():
        if isinstance(value, dict):
            facts += _figures(value)
            continue
        ending = next((one for one in _UNITS if key.endswith(one)), "")
        name = key.removesuffix(ending).replace("_", " ")
        words = (
            "-" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)
        )
        facts.append((name, words + (_UNITS.get(ending, "") if value is not None else "")))
    return facts
