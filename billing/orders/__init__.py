"""Service orders from draft to completion, and the acts of completed work."""
