"""The result of `tools/call` on its way out, written once for the caller, the model and the audit."""

import msgspec


class TextContent(msgspec.Struct, frozen=True):
    """A text for models."""

    text: str
    type: str = "text"


class GivenResult(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A `ToolResult` on its way out: the structured content is JSON already, and stands there a second time as text."""

    structured_content: msgspec.Raw
    content: tuple[TextContent]
    is_error: bool = False
    replayed: bool = False

    @property
    def text(self) -> str:
        """The structured content as JSON."""
        return self.content[0].text


def result_of(text: str, *, is_error: bool = False, replayed: bool = False) -> GivenResult:
    """Give the result of `tools/call` whose structured content is this JSON text."""
    return GivenResult(msgspec.Raw(text.encode()), (TextContent(text),), is_error, replayed)
