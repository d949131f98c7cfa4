"""The series as an animated GIF."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import geogif
import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from rasterio.transform import from_bounds

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cube.outline import Outline
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.cartography import PAPER, FrameText, annotate
from stac_timelapse.picture.indices import Preset
from stac_timelapse.picture.legend import legend_of
from stac_timelapse.picture.render import render_cog
from stac_timelapse.picture.stretch import Stretch
from stac_timelapse.scenes.periods import days_of

#: geogif holds the frames in float64: more values than this (about 1.5 GB) would not fit a laptop.
_MAX_VALUES = 190_000_000
_EVENED = "brightness evened out"


def write_gif(
    months: Sequence[tuple[str, Path]],
    out: Path,
    *,
    preset: Preset,
    stretch: Stretch,
    gains: Mapping[str, float] | None = None,
    fps: float = 2,
    max_size: int = 800,
    title: str = "",
    attribution: str = "",
    aoi: AreaOfInterest | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write one frame a month, in the order given; what is filled or without a clear pixel is named on it.

    Outside the area clipped composites (see `stac_timelapse.clip`) leave the frame blank: a hatch would say that no
    pass saw the ground there.

    Parameters
    ----------
    months
        ``("YYYY-MM", composite)``.
    out
        The GIF; it appears whole or not at all.
    preset, stretch
        What it shows; the stretch is the same for all frames.
    gains
        Month -> what its reflectance is multiplied by, see `stac_timelapse.picture.flicker`; the frames then say so.
    fps
        Frames a second.
    max_size
        Longest side of the picture in pixels; long series are drawn smaller so that they fit in memory.
    title, attribution
        Written on every frame.
    aoi
        The area, whose outline is drawn on every frame; None draws none.
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
    gains = gains or {}
    legend, note = legend_of(preset, stretch), _EVENED if gains else ""
    frames = []
    for position, (month, path) in enumerate(months):
        text = FrameText(month, position, len(months), title=title, attribution=attribution, legend=legend, note=note)
        frames.append(_frame(path, preset, stretch.brightened(gains.get(month, 1.0)), size, text, aoi))
        if on_progress is not None:
            on_progress(position + 1, len(months))
    stack = xr.DataArray(
        np.stack(frames).transpose(0, 3, 1, 2),
        dims=("time", "band", "y", "x"),
        coords={"time": np.array([days_of(month)[0] for month, _ in months], dtype="datetime64[ns]")},
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=out.parent) as folder:
        part = Path(folder) / out.name
        # 0 to 255 are given as limits so that geogif leaves the colours alone; the dates are on the frames.
        geogif.gif(stack, to=part, fps=fps, vmin=0, vmax=255, robust=False, date_format=None)
        part.replace(out)
    return out


def _frame(
    path: Path, preset: Preset, stretch: Stretch, size: int, text: FrameText, aoi: AreaOfInterest | None
) -> NDArray[np.uint8]:
    """Draw a composite as a map, ``(y, x, 3)`` uint8; what is to be said of it stands in its tags."""
    with rasterio.open(path) as composite:
        tags, epsg = composite.tags(), composite.crs.to_epsg()
    frame = render_cog(path, preset, stretch, max_size=size)
    height, width = frame.rgb.shape[:2]
    transform = from_bounds(*frame.bounds, width, height)
    outline = None if aoi is None else Outline.on(aoi, epsg, transform, (height, width))
    if outline is not None and "CLIPPED" in tags:
        frame.rgb[~outline.inside(transform, (height, width))] = PAPER
    text = replace(
        text,
        metres_per_pixel=transform.a,
        empty=float(tags.get("CLEAR_SHARE", "1")) == 0,
        filled=float(tags.get("FILLED_SHARE", "0")),
    )
    return annotate(frame.rgb, text, () if outline is None else outline.rings(transform))
