"""Measurements of our own work beside a peer's or a floor's in the same run; nothing here is asserted."""
