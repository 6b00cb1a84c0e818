"""What providers say to us and we to them: the wire of the check/pay protocol."""
