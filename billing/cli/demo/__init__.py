"""The demo district: Borankul with three months of work, made through the product's own services only."""
