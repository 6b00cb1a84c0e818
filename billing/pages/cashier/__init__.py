"""The cash desk: money received, how it was divided, and what is given back."""
