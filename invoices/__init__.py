"""Printable documents: frozen values in, PDF bytes out; imports nothing of the application."""
