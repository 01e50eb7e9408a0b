"""The settings as a reference for people and as JSON Schemas for editors, written from the models themselves."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from droas_mother.core.configuration.fields import Setting, alternatives, choices_of, settings_of

_UNITS = {"_s": "seconds", "_mib": "MiB", "_ms": "milliseconds", "_days": "days"}
_BOUNDS = {
    "ge": "≥ {}",
    "gt": "> {}",
    "le": "≤ {}",
    "lt": "< {}",
    "min_length": "≥ {} long",
    "max_length": "≤ {} long",
}
_KINDS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "NoneType": "null",
}
_PLACEHOLDER = {"type": "string", "pattern": r"\$\{"}


def table(model: type[BaseModel]) -> str:
    """Give the settings of a model as a Markdown table."""
    rows = [_row(one) for one in settings_of(model)]
    return "\n".join(
        ["| setting | what may stand there | default | meaning |", "| --- | --- | --- | --- |", *rows]
    )


def _row(one: Setting) -> str:
    return f"| `{one.name}` | {_kind(one)} | {_default(one)} | {_escaped(one.info.description or '')} |"


def _kind(one: Setting) -> str:
    choices = choices_of(one.annotation)
    unit = next((words for ending, words in _UNITS.items() if one.place[-1].endswith(ending)), "")
    unit = "" if one.place[-1].startswith("per_") else unit
    bounds = ", ".join(_bounds(one))
    if choices:
        return " · ".join(f"`{choice}`" for choice in choices)
    words = " or ".join(dict.fromkeys(_word(kind) for kind in alternatives(one.annotation)))
    if unit:
        words = words.replace("whole number", unit).replace("number", unit)
    return _escaped(f"{words} {bounds}".strip())


def _bounds(one: Setting) -> Iterator[str]:
    for constraint in one.info.metadata:
        for name, words in _BOUNDS.items():
            value = getattr(constraint, name, None)
            if value is not None:
                yield words.format(f"{value:,}" if isinstance(value, int) else value)


def _word(kind: Any) -> str:
    name = getattr(kind, "__name__", str(kind))
    if name in _KINDS:
        return _KINDS[name]
    if name == "SecretStr":
        return "secret"
    if name in ("tuple", "list"):
        return "list"
    return {"dict": "mapping", "HttpUrl": "address", "Path": "path"}.get(name, "mapping")


def _default(one: Setting) -> str:
    value = one.default
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return " ".join(f"`{item}`" for item in value) or "empty"
    if isinstance(value, dict):
        return "empty"
    text = str(getattr(value, "value", value))
    return f"`{text.lower() if isinstance(value, bool) else _escaped(text)}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Give a model's JSON Schema, in which a placeholder may stand wherever a value may."""
    made = model.model_json_schema(mode="validation")
    made["title"] = title
    made["properties"]["sops"] = {"type": "object", "description": "Written by sops."}
    for holder in [made, *made.get("$defs", {}).values()]:
        properties = holder.get("properties", {})
        for name, one in properties.items():
            properties[name] = _with_placeholder(one)
    return made


def _with_placeholder(one: dict[str, Any]) -> dict[str, Any]:
    one.pop("title", None)
    said: dict[str, Any] = {key: one.pop(key) for key in ("description", "default") if key in one}
    if one.get("type") == "array" and "items" in one:
        one["items"] = _with_placeholder(one["items"])
    plain = one.get("type") == "string" and not set(one) & {"pattern", "format", "maxLength", "enum", "const"}
    return {**said, **one} if plain or one.get("type") == "object" else {**said, "anyOf": [one, _PLACEHOLDER]}
