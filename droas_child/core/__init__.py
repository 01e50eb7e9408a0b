"""Decisions: pure functions over plain data. No clock, no dice, no log, no I/O."""
