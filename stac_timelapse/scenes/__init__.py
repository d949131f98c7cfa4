"""What was seen: catalogues, scenes, passes."""
