"""Writes the parts of the documentation that the code knows best; `make docs` runs it, a test checks that it ran."""

import re
from pathlib import Path

from droas_mother.core.lifecycle import diagram

ARCHITECTURE = Path(__file__).parents[1] / "docs/architecture.md"


def main() -> None:
    """Write them."""
    text = ARCHITECTURE.read_text()
    drawn = f"```mermaid\n{diagram()}\n```"
    ARCHITECTURE.write_text(
        re.sub(r"```mermaid\nstateDiagram.*?\n```", lambda _: drawn, text, flags=re.DOTALL)
    )


if __name__ == "__main__":
    main()
