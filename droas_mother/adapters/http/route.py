"""What a row of the table of routes says, and what rows share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from droas_mother.adapters.http.asked import Asked, Parameter
from droas_mother.adapters.http.desk import Answer, Desk

FOLLOW = Parameter(
    name="follow",
    kind="flag",
    default=False,
    words="answer with a stream of JSON lines that goes on; an empty line is a sign of life",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route.

    Args:
        operation: its name in the description.
        method: of HTTP.
        path: parameters in braces.
        summary: what it is for.
        answer: type of the JSON value; None for text.
        handle: gives the answer.
        parameters: what it takes.
        body: type of the JSON that it carries; None without one.
        statuses: what it answers beside 200, and what that means.
        lines: what each line may be when it streams; () when it cannot.
        unwell: status at which it answers with the same type as at 200; None without one.
        public: whether it is served over TCP, too.
    """

    operation: str
    path: str
    summary: str
    answer: Any
    handle: Callable[[Desk, Asked], Answer | Awaitable[Answer]]
    method: Literal["GET", "POST"] = "GET"
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    statuses: tuple[int, ...] = ()
    lines: tuple[Any, ...] = ()
    unwell: int | None = None
    public: bool = False
