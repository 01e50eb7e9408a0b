"""The files of one configuration folder as the mother follows them: read, interpreted, and never a reason to end."""

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from droas_common.errors import ConfigurationError
from droas_common.logs import log
from droas_mother.adapters.configuration.folder import read_tree
from droas_mother.adapters.configuration.interpretation import examine, interpret
from droas_mother.core.configuration.layout import MOTHER_FILE
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.reloading.config_opening import Interpreted

_DATA_DIR = "data"
_DATA_DIR_LINE = re.compile(rb"^data_dir:[ \t]*[\"']?([^\"'#\n${}]+?)[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)


class FolderFiles:
    """The files of one configuration folder.

    Args:
        folder: holds `droas.yaml` and `bots/`.
        overrides: settings of the mother as `name=value`, above everything else.
    """

    def __init__(self, folder: Path, overrides: Sequence[str] = ()) -> None:
        self.folder = folder
        self._overrides = tuple(overrides)

    def read(self) -> Tree:
        """Read them."""
        return read_tree(self.folder)

    def interpret(self, tree: Tree) -> Interpreted:
        """Say what they mean."""
        try:
            found = examine(tree, os.environ, self._overrides)
        except Exception as error:  # noqa: BLE001 - border of the files: whatever they hold, what runs goes on
            log.opt(exception=error).error("files_not_understood")
            return Interpreted(configuration=None, problems=(f"{tree.root}: {type(error).__name__}",))
        return Interpreted(
            configuration=found.configuration,
            problems=tuple(one.headline for one in found.diagnoses),
            warnings=tuple(one.headline for one in found.warnings),
        )

    def insist_on_folder(self) -> None:
        """Refuse to begin where there is no folder; one that may not be looked at is there.

        Raises:
            ConfigurationError: there is none, or it is something else.
        """
        try:
            is_folder = stat.S_ISDIR(self.folder.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            raise ConfigurationError(
                f"{self.folder}: there is no such folder; name the one that holds {MOTHER_FILE} by --config or "
                "DROAS_CONFIG, or have `droasctl init` write a first one"
            ) from None
        except OSError:
            return
        if not is_folder:
            raise ConfigurationError(
                f"{self.folder}: this is no folder; name the one that holds {MOTHER_FILE}"
            )

    def insist(self, tree: Tree) -> None:
        """Say every fault as for a person at a terminal; raises FaultyConfigurationError."""
        interpret(tree, os.environ, self._overrides)

    def data_dir(self, tree: Tree, found: Interpreted) -> Path:
        """Give the data folder, as well as it can be told when the mother's file is faulty."""
        if found.configuration is not None:
            return found.configuration.mother.data_dir
        for override in self._overrides:
            name, _, value = override.partition("=")
            if name == "data_dir":
                return Path(value)
        line = _DATA_DIR_LINE.search(tree.files.get(MOTHER_FILE, b""))
        said = line[1].decode(errors="replace").strip() if line else _DATA_DIR
        return Path(os.environ.get("DROAS_DATA_DIR", said))
