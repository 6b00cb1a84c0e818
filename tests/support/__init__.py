"""What tests share: databases, builders."""
