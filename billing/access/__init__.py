"""Users, their roles in districts, API tokens, and the log of who read personal data."""
