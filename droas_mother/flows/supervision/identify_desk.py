"""Keeps each token's IDENTIFY budget: counted, written down, never overspent."""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pydantic import SecretStr

from droas_common.logs import log
from droas_common.wire.heartbeats import StartLimit
from droas_mother.core.answers.admin_answers import BudgetReport
from droas_mother.core.bookkeeping.records import Identify
from droas_mother.core.supervision.identify_budget import Told, ceiling, passed, spacing_s, spent, wait_s

_KEPT = 2_000


@dataclass(slots=True)
class _Account:
    moments: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    told: Told | None = None


class IdentifyDesk:
    """All budgets.

    Args:
        limit: most identifies of one token in 24 hours.
        earlier: what was written down before.
        write: writes one down.
        apart_s: seconds between two of one token.
    """

    def __init__(
        self,
        limit: int,
        earlier: Iterable[Identify],
        write: Callable[[Identify], None],
        *,
        apart_s: float = 5.0,
    ) -> None:
        self.limit = limit
        self.apart_s = apart_s
        self._write = write
        self._accounts: dict[str, _Account] = {}
        for one in earlier:
            self._accounts.setdefault(one.token_digest, _Account()).moments.append(one.at_us / 1e6)

    def note(self, who: str, token: SecretStr, count: int) -> None:
        """Count identifies that a bot has sent, and tell when its share drains."""
        digest, now = digest_of(token), time.time()
        account = self._account(digest)
        before = spent(account.moments, now=now)
        for _ in range(min(count, _KEPT)):
            account.moments.append(now)
            self._write(Identify(token_digest=digest, at_us=int(now * 1e6)))
        most = ceiling(self.limit, account.told)
        part = passed(before, before + count, most)
        if part is not None:
            log.warning(
                "identify_budget_drains", bot=who, percent=int(part * 100), spent=before + count, most=most
            )

    def note_limit(self, token: SecretStr, limit: StartLimit) -> None:
        """Take over what Discord tells of a token."""
        self._account(digest_of(token)).told = Told(limit, time.time())

    def remaining(self, token: SecretStr) -> int:
        """Give how many are left now."""
        report = self.report(token)
        return max(0, report.most - report.spent)

    def wait_s(self, token: SecretStr) -> float:
        """Give the seconds until one more may be sent; 0 when it may now."""
        account = self._account(digest_of(token))
        most = ceiling(self.limit, account.told)
        return wait_s(account.moments, account.told, now=time.time(), most=most)

    def spacing_s(self, token: SecretStr) -> float:
        """Give the seconds until Discord takes the next one; 0 when it does now."""
        account = self._account(digest_of(token))
        return spacing_s(account.moments, now=time.time(), apart_s=self.apart_s)

    def report(self, token: SecretStr) -> BudgetReport:
        """Say how a token's day stands."""
        account = self._account(digest_of(token))
        return BudgetReport(
            spent=spent(account.moments, now=time.time()),
            most=ceiling(self.limit, account.told),
            discord_remaining=account.told.limit.remaining if account.told else None,
        )

    def _account(self, digest: str) -> _Account:
        """Give a token's account; moments still to come were noted by a clock that ran ahead, and count as now."""
        account, now = self._accounts.setdefault(digest, _Account()), time.time()
        if account.moments and max(account.moments) > now:
            account.moments = deque((min(at, now) for at in account.moments), _KEPT)
        return account


def digest_of(token: SecretStr) -> str:
    """Name a token without giving it away."""
    return hashlib.blake2b(token.get_secret_value().encode(), digest_size=16).hexdigest()
