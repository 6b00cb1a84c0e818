"""What others are told of what happened here: written with it, sent after it."""
