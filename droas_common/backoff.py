"""How long to wait before the next try: exponential, jittered, capped."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """A back-off curve.

    Args:
        first_s: the wait before the second retry; the first retry is at once when `eager`.
        factor: how much longer each further wait is.
        cap_s: no wait is longer than this.
        eager: whether the very first retry waits for nothing.
    """

    first_s: float = 1.0
    factor: float = 2.0
    cap_s: float = 60.0
    eager: bool = True

    def delay_s(self, *, failures: int, jitter: float) -> float:
        """Give the seconds to wait after this many failures in a row.

        Args:
            failures: failures in a row, 1 or more.
            jitter: chance in [0, 1); spreads the wait over [half, whole] so that ten bots do not retry together.

        Returns:
            Seconds in [0, cap_s].
        """
        steps = failures - 2 if self.eager else failures - 1
        if steps < 0:
            return 0.0
        # Beyond 2**64 the power only costs digits; the cap is long reached.
        whole = min(self.cap_s, self.first_s * self.factor ** min(steps, 64))
        return whole * (0.5 + 0.5 * jitter)
