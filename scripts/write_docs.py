"""Writes the parts of the documentation that the code knows best; `make docs` runs it, a test checks that it ran."""

import json
import re
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from droas_mother.adapters.http.openapi import document
from droas_mother.core.configuration.reference import schema, table
from droas_mother.core.protection.policy_settings import PolicyFile
from droas_mother.core.settings import BotFile, MotherSettings
from droas_mother.core.supervision.lifecycle import diagram

DOCS = Path(__file__).parents[1] / "docs"
ARCHITECTURE = DOCS / "architecture.md"
CONFIGURATION = DOCS / "configuration.md"
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
    CONFIGURATION.write_text(configuration(CONFIGURATION.read_text()))
    SCHEMAS.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (SCHEMAS / f"{name}.json").write_text(text)
    (DOCS / "openapi.json").write_text(json.dumps(document(), indent=2) + "\n")


def configuration(text: str) -> str:
    """Give the guide to the configuration with its tables as the models are now."""
    for name, (model, _) in FILES.items():
        part = f"<!-- {name} -->\n{table(model)}\n<!-- end -->"
        text = re.sub(rf"<!-- {name} -->\n.*?<!-- end -->", partial(_given, part), text, flags=re.DOTALL)
    return text


def _given(text: str, _match: re.Match[str]) -> str:
    return text


def schemas() -> dict[str, str]:
    """Give the JSON Schemas by their names."""
    return {
        name: json.dumps(schema(model, title), indent=2, ensure_ascii=False) + "\n"
        for name, (model, title) in FILES.items()
    }


if __name__ == "__main__":
    main()
