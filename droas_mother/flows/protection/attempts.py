"""One act that may fail, and what is told of its failure."""

from collections.abc import Awaitable
from dataclasses import dataclass

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.logs import log
from droas_mother.core.protection.deletions import PartlyDeletedError


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong.

    Args:
        words: says it to a person.
        retry_after_s: seconds after which a retry may help; None when it would not.
        left: the messages that were not deleted; None when that is all of them.
    """

    words: str
    retry_after_s: float | None = None
    left: frozenset[Snowflake] | None = None


async def attempt(act: Awaitable[None]) -> Problem | None:
    """Do one act; gives what went wrong, None when nothing did.

    Whatever it is, it ends neither the acts beside it nor the protection of the other groups.
    """
    try:
        await act
    except PartlyDeletedError as error:
        return Problem(str(error), error.retry_after_s, error.left)
    except OutsideError as error:
        return Problem(str(error), error.retry_after_s)
    except Exception as error:  # noqa: BLE001 - border of the act: its defect is this act's alone
        log.opt(exception=error).error("protective_act_died")
        return Problem(f"it died of {type(error).__name__}")
    return None
