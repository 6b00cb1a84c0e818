"""Invoices from acts and contract charges, credit notes, and what is still open on each line."""
