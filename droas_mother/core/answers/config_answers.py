"""What is answered about the configuration, as values; fields are added, never given another meaning."""

from typing import Annotated, Literal

from msgspec import Meta

from droas_mother.core.answers.admin_answers import Answer, Body
from droas_mother.core.reloading.config_diff import Change
from droas_mother.core.reloading.revisions import RevisionNote


class BotConfig(Answer, frozen=True):
    """Which revision one bot runs."""

    name: str
    state: str
    wanted: Annotated[int, Meta(description="the revision that it should run")]
    runs: Annotated[
        int | None, Meta(description="the revision that it has confirmed; null without a process")
    ]
    confirmed: bool
    canary: Annotated[bool, Meta(description="whether it tries a change before the others")]


class RolloutReport(Answer, frozen=True):
    """A change that some bots try."""

    revision: int
    canaries: list[str]
    since: Annotated[float, Meta(description="unix seconds")]
    observe_s: float
    left_s: Annotated[float, Meta(description="seconds until the others follow, if all goes well")]


class ConfigStatus(Answer, frozen=True):
    """What runs, what lies on the disk, who runs what."""

    revision: Annotated[int, Meta(description="the revision in force")]
    digest: Annotated[str, Meta(description="names the content of its files")]
    at: Annotated[float, Meta(description="when it was put into force, unix seconds")]
    who: str
    words: Annotated[str, Meta(description="what came of it, and why")]
    disk: Annotated[
        Literal["same", "differs", "faulty"],
        Meta(description="differs: the files are not in force, `held` says why; faulty: they cannot be used"),
    ]
    held: Annotated[str, Meta(description="why files that could be used are not in force; empty otherwise")]
    problems: Annotated[list[str], Meta(description="faults of the files, each file:line:column: what")]
    faulty_since: Annotated[float | None, Meta(description="unix seconds")]
    waiting: Annotated[list[str], Meta(description="settings that wait for a restart of the mother")]
    owed: Annotated[
        list[str],
        Meta(
            description="what of the changes is not kept or not in the audit yet, and why; done when it can be"
        ),
    ]
    rollout: RolloutReport | None
    bots: list[BotConfig]
    last_apply_ms: Annotated[
        float | None, Meta(description="from the change on the disk to the last bot's confirmation")
    ]
    refused: Annotated[int, Meta(description="changes that could not be used, since the mother started")]


class ApplyWanted(Body, frozen=True):
    """How the files on the disk shall be put into force."""

    dry_run: bool = False
    canary: bool = False


class RollbackWanted(Body, frozen=True):
    """Which revision shall be put into force again."""

    revision: Annotated[int, Meta(ge=1)]


class Applied(Answer, frozen=True):
    """What came of it, or would come of it."""

    revision: Annotated[int | None, Meta(description="the new revision; null when nothing was to be done")]
    words: str
    changes: list[Change]
    start: list[str]
    stop: list[str]
    restart: list[str]
    live: Annotated[list[str], Meta(description="bots that take something over while they run")]


class History(Answer, frozen=True):
    """The kept revisions, oldest first."""

    revisions: list[RevisionNote]
