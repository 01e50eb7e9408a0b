"""Writes the parts of the documentation that the code knows best; `make docs` runs it, a test checks that it ran."""

import json
import re
from pathlib import Path

from droas_mother.adapters.http.openapi import document
from droas_mother.core.lifecycle import diagram

DOCS = Path(__file__).parents[1] / "docs"
ARCHITECTURE = DOCS / "architecture.md"


def main() -> None:
    """Write them."""
    text = ARCHITECTURE.read_text()
    drawn = f"```mermaid\n{diagram()}\n```"
    ARCHITECTURE.write_text(
        re.sub(r"```mermaid\nstateDiagram.*?\n```", lambda _: drawn, text, flags=re.DOTALL)
    )
    (DOCS / "openapi.json").write_text(json.dumps(document(), indent=2) + "\n")


if __name__ == "__main__":
    main()
