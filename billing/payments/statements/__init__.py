"""Statements of a customer's account (акт сверки): from documents, in step with debts and advances."""
