"""What is taken away: GeoTIFF, GIF."""
