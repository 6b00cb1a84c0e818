"""What the enterprise sells: services, dated tariffs, taxes and benefits."""
