"""What a tool says when it understood the call and will not do it."""

from droas_common.errors import RequestError


class Refusal(RequestError):  # noqa: N818 - the field's word; it is an answer, not a breakdown
    """A tool refuses in words that a model and a person may read; nothing has changed.

    Args:
        message: the words.
        kind: the reason as a constant.
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind
