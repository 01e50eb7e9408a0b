"""The transfer that the rivals serve: balances in memory, nothing kept. Stands alone, in their environment."""

from toolcall_parts.load import MEMBERS

_balances = {str(10 + number): 10**9 for number in range(MEMBERS)}


def transfer(source: str, target: str, amount: int) -> dict[str, str | int]:
    """Move coins and tell the new balance."""
    if not 1 <= amount <= 10_000 or _balances[source] < amount:
        raise ValueError("refused")
    _balances[source] -= amount
    _balances[target] += amount
    return {"from_user_id": source, "to_user_id": target, "amount": amount, "balance": _balances[source]}
