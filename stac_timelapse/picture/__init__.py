"""How it looks: presets, stretch, frames."""
