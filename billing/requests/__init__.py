"""What residents ask for: a service, an answer about an invoice, other contacts; and what was decided."""
