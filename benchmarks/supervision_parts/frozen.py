"""What the floor's forkserver preloads: the bot, frozen."""

import gc

import supervision_parts.bot  # noqa: F401 - imported for its effect: the pages are shared

gc.collect()
gc.freeze()
