"""The series as an animated GIF."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import geogif
import numpy as np
import rasterio
import xarray as xr

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.cartography import FrameText, annotate
from stac_timelapse.picture.indices import Preset
from stac_timelapse.picture.render import Stretch, render_cog

#: geogif holds the frames in float64: more values than this (about 1.5 GB) would not fit a laptop.
_MAX_VALUES = 190_000_000


def write_gif(
    months: Sequence[tuple[str, Path]],
    out: Path,
    *,
    preset: Preset,
    stretch: Stretch,
    fps: float = 2,
    max_size: int = 800,
    title: str = "",
    attribution: str = "",
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write one frame a month, in the order given; what is filled or without a clear pixel is named on it.

    Parameters
    ----------
    months
        ``("YYYY-MM", composite)``.
    out
        The GIF; it appears whole or not at all.
    preset, stretch
        What it shows; the stretch is the same for all frames.
    fps
        Frames a second.
    max_size
        Longest side of the picture in pixels; long series are drawn smaller so that they fit in memory.
    title, attribution
        Written on every frame.
    on_progress
        Called with ``(frames drawn, all frames)``.

    Raises
    ------
    InvalidInputError
        If there is no month.
    """
    if not months:
        raise InvalidInputError("There is no month to draw: build the timelapse first.")
    size = min(max_size, int((_MAX_VALUES / 3 / len(months)) ** 0.5))
    frames = []
    for position, (month, path) in enumerate(months):
        with rasterio.open(path) as composite:
            shares = composite.tags()
            extent = composite.bounds.right - composite.bounds.left
        picture = render_cog(path, preset, stretch, max_size=size).rgb
        text = FrameText(
            month=month,
            position=position,
            total=len(months),
            metres_per_pixel=extent / picture.shape[1],
            title=title,
            attribution=attribution,
            empty=float(shares.get("CLEAR_SHARE", "1")) == 0,
            filled=float(shares.get("FILLED_SHARE", "0")),
        )
        frames.append(annotate(picture, text))
        if on_progress is not None:
            on_progress(position + 1, len(months))
    stack = xr.DataArray(
        np.stack(frames).transpose(0, 3, 1, 2),
        dims=("time", "band", "y", "x"),
        coords={"time": np.array([f"{month}-01" for month, _ in months], dtype="datetime64[ns]")},
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=out.parent) as folder:
        part = Path(folder) / out.name
        # 0 to 255 are given as limits so that geogif leaves the colours alone; the dates are on the frames.
        geogif.gif(stack, to=part, fps=fps, vmin=0, vmax=255, robust=False, date_format=None)
        part.replace(out)
    return out
