"""One value a month."""
