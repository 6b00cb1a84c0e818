"""Tests; each folder is one slice or one concern, `support` is what they share."""
