"""What the program does by itself, in the background or at a terminal: an edge, like the web's requests.

It reads the clock, and begins the units of work that the services leave open to it.
"""
