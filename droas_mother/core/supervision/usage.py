"""What a process uses, how much of it is too much, and since when it is busy."""

from dataclasses import dataclass

BUSY_PERCENT = 95.0
"""Of one core: from here on a process counts as busy without a pause."""

_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one process uses.

    Args:
        pss_bytes: its share of memory, shared pages divided among those who share them.
        uss_bytes: memory that only it has.
        cpu_percent: of one core, since the last look.
        open_files: its descriptors.
        threads: its threads.
        status: the system's word: running, sleeping, stopped, zombie.
    """

    pss_bytes: int
    uss_bytes: int
    cpu_percent: float
    open_files: int
    threads: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a process uses too much; None where there is no limit.

    Args:
        memory_soft_mib: share of memory (PSS) beyond which it is replaced in good order.
        memory_hard_mib: share of memory beyond which it is killed.
        files_soft: descriptors beyond which it is replaced in good order.
        files_hard: descriptors beyond which it is killed.
        threads_soft: threads beyond which it is replaced in good order.
        threads_hard: threads beyond which it is killed.
    """

    memory_soft_mib: int | None = None
    memory_hard_mib: int | None = None
    files_soft: int | None = None
    files_hard: int | None = None
    threads_soft: int | None = None
    threads_hard: int | None = None


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that is passed.

    Args:
        hard: whether the process must go at once.
        words: what is too much, for a person.
    """

    hard: bool
    words: str


def excess(usage: Usage, limits: Limits) -> Excess | None:
    """Give the worst limit that is passed, None when none is; a hard one is worse than a soft one."""
    figures = (
        ("MiB of memory", usage.pss_bytes / _MIB, limits.memory_soft_mib, limits.memory_hard_mib),
        ("open files", usage.open_files, limits.files_soft, limits.files_hard),
        ("threads", usage.threads, limits.threads_soft, limits.threads_hard),
    )
    found = None
    for what, figure, soft, hard in figures:
        if hard is not None and figure > hard:
            return Excess(True, f"{figure:.0f} {what}, more than the hard limit of {hard}")
        if soft is not None and figure > soft and found is None:
            found = Excess(False, f"{figure:.0f} {what}, more than the soft limit of {soft}")
    return found


def busy_since(usage: Usage, since: float | None, *, now: float) -> float | None:
    """Give since when a process has been busy without a pause, None when it has not.

    Args:
        usage: the newest look.
        since: what was given after the look before.
        now: the moment of the newest look.
    """
    if usage.cpu_percent < BUSY_PERCENT:
        return None
    return now if since is None else since
