"""Payment providers (Kaspi and others): residents pay in their banks' applications and terminals."""
