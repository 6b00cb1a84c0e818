"""The two books of a district: accounts, transfers that are never changed, closed months, balances."""
