"""Faults on demand: each for so many times or so many seconds, for everybody or for some."""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from droas_sandbox.clock import SandboxClock
from droas_sandbox.fault_options import check


@dataclass(slots=True)
class Fault:
    """One fault that waits for its moments.

    Args:
        kind: one of `fault_options.KINDS`.
        options: what the kind needs (`code`, `status`, `retry_after`, …) and `match`.
        times: how often it still happens; None for as long as it lasts.
        until: when it ends, by the sandbox's clock; None for never.
    """

    id: str
    kind: str
    options: dict[str, Any]
    times: int | None
    until: float | None
    taken: int = 0

    def matches(self, facts: dict[str, Any]) -> bool:
        """Say whether it concerns a request or connection with these facts.

        A fault with `"on": "connect"` or `"on": "identify"` waits for that moment of a connection; only the
        former strikes before HELLO.
        """
        moment, wanted_moment = facts.get("on"), self.options.get("on")
        if wanted_moment != moment and (wanted_moment is not None or moment == "connect"):
            return False
        for key, wanted in self.options.get("match", {}).items():
            found = str(facts.get(key, ""))
            if key == "route":
                if not re.search(str(wanted), found):
                    return False
            elif found != str(wanted):
                return False
        return True


@dataclass(slots=True)
class Faults:
    """All faults of one sandbox."""

    clock: SandboxClock
    _faults: dict[str, Fault] = field(default_factory=dict)
    history: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=1000))
    _count: int = 0

    def add(self, kind: str, options: dict[str, Any]) -> Fault:
        """Arm a fault; raises ValueError for an unknown kind, or for options that it does not take."""
        check(kind, options)
        self._count += 1
        for_s = options.get("for_s")
        times = options.get("times")
        fault = Fault(
            id=str(self._count),
            kind=kind,
            options=options,
            times=int(times) if times is not None else (None if for_s is not None else 1),
            until=self.clock.now() + float(for_s) if for_s is not None else None,
        )
        self._faults[fault.id] = fault
        return fault

    def take(self, kind: str, **facts: Any) -> Fault | None:
        """Give the fault that strikes now, and count it; None when all is well."""
        if not self._faults:
            return None
        now = self.clock.now()
        for fault in list(self._faults.values()):
            if fault.until is not None and now > fault.until:
                del self._faults[fault.id]
            elif fault.kind == kind and fault.matches(facts):
                fault.taken += 1
                self.history.append((now, kind))
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        del self._faults[fault.id]
                return fault
        return None

    def settle(self, fault: Fault, hit: int) -> None:
        """Count at once what a fault struck when it was armed; what is left of it stays armed."""
        if not hit:
            return
        fault.taken += hit
        self.history.append((self.clock.now(), fault.kind))
        if fault.times is None:
            return
        given = fault.options.get("times")
        fault.times = int(given) - hit if given is not None else 0
        if fault.times <= 0:
            self._faults.pop(fault.id, None)

    def list(self) -> list[dict[str, Any]]:
        """Give what is armed."""
        return [
            {
                "id": fault.id,
                "kind": fault.kind,
                "options": fault.options,
                "times": fault.times,
                "taken": fault.taken,
            }
            for fault in self._faults.values()
        ]

    def clear(self, fault_id: str | None = None) -> None:
        """Disarm one fault, or all."""
        if fault_id is None:
            self._faults.clear()
        else:
            self._faults.pop(fault_id, None)
