"""A configuration before a database, and droasctl's commands on it."""

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from droas_mother.offline.__main__ import main


@dataclass(frozen=True)
class PlacedDatabase:
    """A database that a configuration names.

    Args:
        folder: configuration, sockets, data.
        url: the database.
    """

    folder: Path
    url: str

    @property
    def backups(self) -> list[Path]:
        """The backups that were made without being named."""
        beside = Path(make_url(self.url).database or "").parent if self.url.startswith("sqlite") else None
        return sorted(((beside or self.folder / "data") / "backups").glob("*.db"))

    @property
    def environment(self) -> dict[str, str]:
        """What leads droasctl here."""
        return {
            **os.environ,
            "DROAS_RUNTIME_DIR": str(self.folder / "run"),
            "DROAS_DATA_DIR": str(self.folder / "data"),
            "DROAS_STORAGE__URL": self.url,
        }

    def ctl(self, *arguments: str, as_json: bool = True) -> tuple[int, Any, str]:
        """Do what `droasctl db … --json` does, here; gives its exit code, its JSON, and what it complained of.

        Without `as_json` it is the command for people, and the text that they read.
        """
        (self.folder / "configs/bots").mkdir(parents=True, exist_ok=True)
        (self.folder / "configs/droas.yaml").touch()
        command = ["droasctl", "db", *arguments, "--config", str(self.folder / "configs")]
        command += ["--json"] * as_json
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.environment),
            patch.object(sys, "argv", command),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as end:
                code = end.code
        told = json.loads(out.getvalue() or "null") if as_json else out.getvalue()
        return int(code or 0), told, err.getvalue()

    def value(self, statement: str) -> Any:
        """Ask the database for one value."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            return connection.execute(text(statement)).scalar()

    def change(self, statement: str) -> None:
        """Change something behind everybody's back."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(statement))
