"""The audit, the ledger and people's data, for those who ask, and their upkeep."""
