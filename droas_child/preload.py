"""Imported once before the children are forked: what every child needs is there, and stays shared.

Nothing here may leave a thread, a loop or a socket behind.
"""

from importlib import import_module

import droas_child.worker  # noqa: F401 - imported for its effect: the pages are shared
from droas_child.rehearsal.play import rehearse
from droas_common.shared_pages import share_pages

_REHEARSALS = 2
"""CPython settles on how to run a piece of code when it runs for the second time."""

for _name in ("uvloop", "encodings.idna", "encodings.unicode_escape"):
    try:
        import_module(_name)
    except ImportError:
        continue

rehearsed = all(rehearse() for _ in range(_REHEARSALS))
"""Whether the plays went well; children run without them too, only larger and slower."""

share_pages()
