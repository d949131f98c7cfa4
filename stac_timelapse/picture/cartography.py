"""What makes a frame a map: date, title, scale bar, north arrow, credit, place in the series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from stac_timelapse.picture.legend import Legend
from stac_timelapse.picture.palettes import steps_of
from stac_timelapse.scenes.periods import words_of

#: Around the picture, and in it where nothing is shown.
PAPER = (16, 28, 36)
_INK, _MUTED, _ACCENT = (255, 255, 255), (160, 176, 184), (94, 200, 176)
_MIN_WIDTH = 360
_BAR_SHARE = 0.22


@dataclass(frozen=True, slots=True)
class FrameText:
    """What is written on one frame.

    Parameters
    ----------
    month
        ``"YYYY-MM"``.
    position, total
        Place in the series, counted from 0.
    metres_per_pixel
        Of the picture.
    title
        Name of the area, may be empty.
    attribution
        Credit line.
    empty
        Whether the month has no clear pixel.
    filled
        Share of the picture that is filled by a rule for gaps, 0 to 1.
    legend
        Of a picture of one value.
    note
        What was done to the colours, a few words.
    """

    month: str
    position: int
    total: int
    metres_per_pixel: float = 1.0
    title: str = ""
    attribution: str = ""
    empty: bool = False
    filled: float = 0.0
    legend: Legend | None = None
    note: str = ""


def annotate(
    picture: NDArray[np.uint8], text: FrameText, rings: Sequence[NDArray[np.float64]] = ()
) -> NDArray[np.uint8]:
    """Return the picture above a strip with date, scale bar and credit; outline, title and north arrow lie on it.

    A picture narrower than 360 pixels is enlarged by a whole factor, so that the text fits.

    Parameters
    ----------
    picture
        ``(y, x, 3)`` uint8.
    text
        What is written.
    rings
        Edges of the area, each ``(corner, 2)`` in columns and rows of the picture.

    Returns
    -------
    ndarray of uint8
        ``(y', x', 3)``; the same size for every month of a series.
    """
    factor = max(1, math.ceil(_MIN_WIDTH / picture.shape[1]))
    enlarged = picture.repeat(factor, axis=0).repeat(factor, axis=1)
    height, width = enlarged.shape[:2]
    unit = max(11, min(26, round(width / 42)))
    strip = round(unit * 3.9)
    canvas = Image.new("RGB", (width, height + strip), PAPER)
    canvas.paste(_outlined(enlarged, [ring * factor for ring in rings]))
    draw = ImageDraw.Draw(canvas)
    if text.title:
        _shadowed(draw, (unit, round(unit * 0.7)), text.title, round(unit * 1.1))
    _north_arrow(draw, width - unit * 1.6, unit * 0.8, unit)
    if text.empty and not text.filled:
        _notice(draw, (width / 2, height / 2), "No clear pixel", unit)
    if text.legend is not None:
        _legend(canvas, draw, text.legend, (unit, height), unit)
    _strip(draw, text, (width, height, strip), unit, text.metres_per_pixel / factor)
    return np.asarray(canvas)


def _outlined(picture: NDArray[np.uint8], rings: Sequence[NDArray[np.float64]]) -> Image.Image:
    """Return the picture with a light line on a dark one along the rings; what lies at its edge is drawn within."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    most = np.array(image.size) - 1
    for colour, width in ((PAPER, 3), (_INK, 1)):
        for ring in rings:
            # A pixel's centre is half a pixel from its corner, from which the rings are counted.
            draw.line(
                [tuple(corner) for corner in np.clip(ring - 0.5, 0, most)], fill=colour, width=width, joint="curve"
            )
    return image


def scale_bar(metres_per_pixel: float, available: float) -> tuple[int, str]:
    """Return the length in pixels and the label of a bar of a round length that fits.

    Parameters
    ----------
    metres_per_pixel
        Of the picture.
    available
        Most pixels it may take.
    """
    most = metres_per_pixel * available
    power = 10.0 ** math.floor(math.log10(most))
    length = next(power * step for step in (5, 2, 1) if power * step <= most)
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"  # noqa: PLR2004 - metres in a kilometre
    return round(length / metres_per_pixel), label


def _strip(
    draw: ImageDraw.ImageDraw, text: FrameText, size: tuple[int, int, int], unit: int, metres_per_pixel: float
) -> None:
    width, top, strip = size
    gap, line = 2, max(3, round(unit * 0.28))
    cell = width / text.total
    for index in range(text.total):
        colour = _ACCENT if index == text.position else (52, 70, 80)
        right = max(index * cell, (index + 1) * cell - gap - 1) if cell > gap + 1 else (index + 1) * cell - 1
        draw.rectangle((index * cell, top, right, top + line - 1), fill=colour)
    middle = top + line + (strip - line) * 0.38
    label = words_of(text.month)
    draw.text((unit, middle), label, font=_font(round(unit * 1.45)), fill=_INK, anchor="lm")
    if text.filled:
        right = unit * 1.6 + _font(round(unit * 1.45)).getlength(label)
        share = f"{max(text.filled, 0.01):.0%} filled"
        draw.text((right, middle + unit * 0.2), share, font=_font(round(unit * 0.85)), fill=_ACCENT, anchor="lm")
    pixels, length = scale_bar(metres_per_pixel, width * _BAR_SHARE)
    right = width - unit
    draw.line((right - pixels, middle + unit * 0.45, right, middle + unit * 0.45), fill=_INK, width=2)
    for end in (right - pixels, right):
        draw.line((end, middle + unit * 0.1, end, middle + unit * 0.45), fill=_INK, width=2)
    draw.text((right - pixels / 2, middle), length, font=_font(round(unit * 0.85)), fill=_INK, anchor="mb")
    small, bottom = _font(round(unit * 0.72)), top + strip - unit * 0.5
    note = small.getlength(text.note) + unit if text.note else 0
    credit = _shortened(text.attribution, width - 2 * unit - note, round(unit * 0.72))
    draw.text((unit, bottom), credit, font=small, fill=_MUTED, anchor="ls")
    draw.text((width - unit, bottom), text.note, font=small, fill=_ACCENT, anchor="rs")


def _legend(
    canvas: Image.Image, draw: ImageDraw.ImageDraw, legend: Legend, corner: tuple[float, float], unit: int
) -> None:
    """Draw a palette with the values at its ends on a dark plate, its lower left corner near `corner`."""
    font, gap, tall, wide = _font(round(unit * 0.85)), round(unit * 0.5), round(unit * 0.8), unit * 7
    low, high = font.getlength(legend.low), font.getlength(legend.high)
    left, bottom = corner[0] * 0.6, corner[1] - corner[0] * 0.6
    right = left + 4 * gap + low + wide + high
    middle = bottom - unit * 0.8
    draw.rounded_rectangle((left, bottom - unit * 1.6, right, bottom), unit * 0.4, fill=PAPER)
    draw.text((left + gap, middle), legend.low, font=font, fill=_INK, anchor="lm")
    draw.text((right - gap, middle), legend.high, font=font, fill=_INK, anchor="rm")
    ramp = np.broadcast_to(steps_of(legend.colours, wide), (tall, wide, 3))
    canvas.paste(Image.fromarray(np.ascontiguousarray(ramp)), (round(left + 2 * gap + low), round(middle - tall / 2)))


def _shortened(text: str, available: float, size: int) -> str:
    font = _font(size)
    if font.getlength(text) <= available:
        return text
    while text and font.getlength(f"{text}…") > available:
        text = text[:-1]
    return f"{text}…"


def _north_arrow(draw: ImageDraw.ImageDraw, x: float, y: float, unit: int) -> None:
    tip, half, length = (x, y), unit * 0.5, unit * 1.5
    shape = [tip, (x + half, y + length), (x, y + length * 0.72), (x - half, y + length)]
    draw.polygon(shape, fill=_INK, outline=PAPER)
    _shadowed(draw, (x, y + length * 1.1), "N", round(unit * 0.85), anchor="ma")


def _notice(draw: ImageDraw.ImageDraw, centre: tuple[float, float], text: str, unit: int) -> None:
    font = _font(round(unit * 1.15))
    left, top, right, bottom = draw.textbbox(centre, text, font=font, anchor="mm")
    draw.rounded_rectangle((left - unit, top - unit * 0.7, right + unit, bottom + unit * 0.7), unit * 0.5, fill=PAPER)
    draw.text(centre, text, font=font, fill=_INK, anchor="mm")


def _shadowed(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, anchor: str = "la") -> None:
    draw.text(at, text, font=_font(size), fill=_INK, anchor=anchor, stroke_width=2, stroke_fill=PAPER)


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow is built without FreeType"  # noqa: S101 - wheels have it
    return font
