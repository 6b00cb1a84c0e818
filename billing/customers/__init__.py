"""Payers: residents and organisations, their personal accounts, benefits and contracts."""
