"""Readers of statements: bytes in, a statement and its problems out; no database, no clock, no file.

Start at ``reading.read_statement``. Each format has a reader of its own; what they find is written down in a
``Draft``, and ``totals`` holds the draft to its own sums. Nothing the bytes hold makes a reader fail: a
statement may be cut off, mistyped, hostile, or a renamed picture.
"""
