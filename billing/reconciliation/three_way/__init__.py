"""Receipts recorded, the provider's registry, the bank's statement: the same day told three times."""
