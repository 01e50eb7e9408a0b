"""Writes the parts of the documentation that the code knows best; `make docs` runs it, a test checks that it ran."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from pydantic import BaseModel

from droas_common.settings import ProtectionLevel
from droas_mother.adapters.http.openapi import document
from droas_mother.core.configuration.reference import schema, table
from droas_mother.core.protection.policy import POLICIES, Policy
from droas_mother.core.protection.policy_settings import PolicyFile
from droas_mother.core.settings import BotFile, MotherSettings
from droas_mother.core.supervision.lifecycle import diagram

DOCS = Path(__file__).parents[1] / "docs"
ARCHITECTURE = DOCS / "architecture.md"
FILLED = ("configuration.md", "protection.md")
"""Pages with tables of which the code knows the rows."""

SCHEMAS = Path(__file__).parents[1] / "configs" / "schema"
FILES: dict[str, tuple[type[BaseModel], str]] = {
    "droas": (MotherSettings, "droas.yaml"),
    "bot": (BotFile, "A bot's file"),
    "policy": (PolicyFile, "A policy's file"),
}


def main() -> None:
    """Write them."""
    text = ARCHITECTURE.read_text()
    drawn = f"```mermaid\n{diagram()}\n```"
    ARCHITECTURE.write_text(
        re.sub(r"```mermaid\nstateDiagram.*?\n```", lambda _: drawn, text, flags=re.DOTALL)
    )
    for page in FILLED:
        (DOCS / page).write_text(filled((DOCS / page).read_text()))
    SCHEMAS.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (SCHEMAS / f"{name}.json").write_text(text)
    (DOCS / "openapi.json").write_text(json.dumps(document(), indent=2) + "\n")


def filled(text: str) -> str:
    """Give a page with its tables as the code is now."""
    tables = {name: table(model) for name, (model, _) in FILES.items()}
    tables["levels"] = "\n".join(_levels())

    def current(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{tables[match[1]]}\n<!-- end -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- end -->", current, text, flags=re.DOTALL)


def _levels() -> Iterator[str]:
    yield f"| threshold | {' | '.join(f'`{level}`' for level in ProtectionLevel)} |"
    yield "| --- |" + " --- |" * len(ProtectionLevel)
    for one in fields(Policy):
        values = [getattr(POLICIES[level], one.name) for level in ProtectionLevel]
        said = [("yes" if value else "no") if isinstance(value, bool) else f"{value:g}" for value in values]
        yield f"| `{one.name}` | {' | '.join(said)} |"


def schemas() -> dict[str, str]:
    """Give the JSON Schemas by their names."""
    return {
        name: json.dumps(schema(model, title), indent=2, ensure_ascii=False) + "\n"
        for name, (model, title) in FILES.items()
    }


if __name__ == "__main__":
    main()
