"""Which pixels: grid, mask, lazy cube."""
