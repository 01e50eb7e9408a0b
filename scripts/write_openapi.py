"""Writes docs/openapi.json anew from the table of routes."""

import json
from pathlib import Path

from droas_mother.adapters.http.openapi import document

TARGET = Path(__file__).parents[1] / "docs/openapi.json"


def main() -> None:
    """Write it."""
    TARGET.write_text(json.dumps(document(), indent=2) + "\n")


if __name__ == "__main__":
    main()
