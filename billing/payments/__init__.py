"""Money received: payments, allocation to invoices, advances, refunds and reversals."""
