"""Flask plumbing only: one transaction per request, errors, fields, pages of lists, idempotency."""
