"""The archive of issued documents: bytes kept once, found by what they document, never changed."""
