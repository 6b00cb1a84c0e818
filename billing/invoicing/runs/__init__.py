"""Billing runs: every contract of an enterprise billed once for a month, in batches, killed or not."""
