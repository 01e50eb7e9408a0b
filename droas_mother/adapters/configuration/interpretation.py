"""A folder's files interpreted: validated settings, or every fault with its place.

A fault in a bot's file stops that bot only; a fault in the mother's files stops everything.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from droas_mother.adapters.configuration.examination import Examination, Examiner
from droas_mother.adapters.configuration.folder import read_tree
from droas_mother.core.configuration.diagnosis import FaultyConfigurationError
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.settings import Configuration


def load(
    folder: Path, environment: Mapping[str, str] | None = None, overrides: Sequence[str] = ()
) -> Configuration:
    """Read and interpret a configuration folder.

    Args:
        folder: holds `droas.yaml` and `bots/`.
        environment: where placeholders and DROAS_ variables come from; the process's own when absent.
        overrides: settings of the mother as `name=value`, above everything else.

    Raises:
        FaultyConfigurationError: the mother's files are missing or faulty, or there are more bots than allowed.
    """
    return interpret(read_tree(folder), os.environ if environment is None else environment, overrides)


def interpret(tree: Tree, environment: Mapping[str, str], overrides: Sequence[str] = ()) -> Configuration:
    """Interpret a folder's files; takes milliseconds a file, so it belongs into a thread while a loop runs.

    Args:
        tree: the files.
        environment: where placeholders and DROAS_ variables come from.
        overrides: settings of the mother as `name=value`, above everything else.

    Raises:
        FaultyConfigurationError: as `load`.
    """
    found = examine(tree, environment, overrides)
    if found.configuration is None:
        raise FaultyConfigurationError(found.diagnoses)
    return found.configuration


def examine(tree: Tree, environment: Mapping[str, str], overrides: Sequence[str] = ()) -> Examination:
    """Interpret a folder's files and tell all that was found, faulty or not."""
    return Examiner(tree, environment, overrides).examine()
