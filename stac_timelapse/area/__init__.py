"""Where: the area of interest."""
