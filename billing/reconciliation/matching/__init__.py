"""Finds out whose money a row of the bank is: pure reading and scoring first, then loading and booking."""
