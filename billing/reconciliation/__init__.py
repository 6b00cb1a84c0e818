"""Bank and treasury statements: what the bank's file says, held against what we recorded."""
