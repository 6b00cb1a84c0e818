"""Recomputes everything that can be derived, and names what does not agree."""
