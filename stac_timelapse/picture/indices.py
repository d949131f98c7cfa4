"""What a picture shows: band combinations and spectral indices, with colours that everybody can tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.composite.gaps import OBSERVATIONS
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.formula import Formula, by_parts
from stac_timelapse.picture.palettes import BLUES, EMBERS, FROST, GREENS, PALETTES, VIOLETS, Colours, steps_of


@dataclass(frozen=True, slots=True)
class Preset:
    """One way to look at the months.

    Parameters
    ----------
    name
        Key, as on the command line.
    title
        Name shown to people.
    description
        One plain sentence.
    bands
        Sentinel-2 bands it needs: red, green, blue of an ``"rgb"`` picture; the two bands of an
        ``"index"``, which is their normalised difference (first - second) / (first + second), or those of
        its formula; the one band of a ``"grey"`` picture; of a ``"count"`` the number of clear passes.
    kind
        How the bands become colours.
    joint
        Whether the bands share one stretch, which keeps natural colours natural.
    limits
        Index values, or numbers of passes, at the ends of the palette.
    colours
        Palette of an index or a count, ends and steps between; lightness runs one way, so that it also reads
        without colour vision and in print.
    formula
        What an index is, where it is not the normalised difference. Its limits are those of its values in the
        series, not `limits`.
    """

    name: str
    title: str
    description: str
    bands: tuple[str, ...]
    kind: Literal["rgb", "index", "grey", "count"] = "rgb"
    joint: bool = False
    limits: tuple[float, float] = (0.0, 1.0)
    colours: Colours = ()
    formula: Formula | None = None

    @property
    def of_one_value(self) -> bool:
        """Whether it shows one value through a palette, and not bands as they are."""
        return self.kind in {"index", "count"}

    @property
    def needs(self) -> tuple[str, ...]:
        """The satellite's bands that it needs; a count needs none, for every file has it."""
        return () if self.kind == "count" else self.bands

    @property
    def built(self) -> tuple[str, ...]:
        """The bands that are built for it: those that it needs, or any one."""
        return self.needs or _ANY_BAND

    def exact(self, dn: NDArray[np.uint16]) -> NDArray[np.float64]:
        """Compute the value that an index or a count shows.

        Parameters
        ----------
        dn
            ``(band, ...)`` in the order of `bands`, reflectance x 10 000; 0 = no observation.

        Returns
        -------
        ndarray of float64
            ``(...)``; NaN where it has none.
        """
        if self.formula is not None:
            return self.formula.exact(dn)
        seen = (dn > 0).all(axis=0)
        if self.kind == "count":
            return np.where(seen, dn[0], np.nan)
        first, second = dn.astype(np.float64)
        value: NDArray[np.float64] = np.divide(
            first - second, first + second, out=np.full(seen.shape, np.nan), where=seen
        )
        return value

    def values(self, dn: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Compute it part by part, rounded to float32; the rest is what `exact` says."""
        return by_parts(dn, self.exact, np.float32)

    def titled(self, name: str) -> str:
        """Return the title of a series of a place, whose name may be empty."""
        return " · ".join(filter(None, [name, self.title]))

    def palette(self) -> NDArray[np.uint8]:
        """Return ``(256, 3)`` uint8 colours from the low to the high limit."""
        return steps_of(self.colours or PALETTES["grey"])


#: What is built for a picture that needs no band of its own.
_ANY_BAND = ("B04",)

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "true-colour",
            "True colour",
            "The land as the eye sees it from above.",
            ("B04", "B03", "B02"),
            joint=True,
        ),
        Preset(
            "infrared",
            "False colour infrared",
            "Living plants glow red, towns are grey-blue, water is black.",
            ("B08", "B04", "B03"),
        ),
        Preset(
            "swir",
            "Short-wave infrared",
            "Burnt and bare ground stands out in red, plants are green; thin smoke is seen through.",
            ("B12", "B08", "B04"),
        ),
        Preset(
            "agriculture",
            "Agriculture",
            "Growing crops are bright green, bare fields brown to pink.",
            ("B11", "B08", "B02"),
        ),
        Preset(
            "geology",
            "Geology",
            "Bare rock and soil differ in colour by what they are made of; plants are dark.",
            ("B12", "B11", "B02"),
        ),
        Preset(
            "urban",
            "Built-up land",
            "Built-up and bare land is white to violet, plants are green, water is black.",
            ("B12", "B11", "B04"),
        ),
        Preset(
            "ndvi",
            "Vegetation (NDVI)",
            "How much living green there is: pale is bare, dark green is dense (Rouse et al. 1974).",
            ("B08", "B04"),
            kind="index",
            limits=(0.0, 0.9),
            colours=GREENS,
        ),
        Preset(
            "ndwi",
            "Open water (NDWI)",
            "Where open water lies: pale is dry land, dark blue is water (McFeeters 1996).",
            ("B03", "B08"),
            kind="index",
            limits=(-0.7, 0.5),
            colours=BLUES,
        ),
        Preset(
            "mndwi",
            "Open water beside towns (MNDWI)",
            "As NDWI, but roofs and roads are not taken for water (Xu 2006).",
            ("B03", "B11"),
            kind="index",
            limits=(-0.7, 0.7),
            colours=BLUES,
        ),
        Preset(
            "ndmi",
            "Water in plants (NDMI)",
            "Pale is dry, dark blue is moist: drought shows before plants turn yellow (Gao 1996).",
            ("B08", "B11"),
            kind="index",
            limits=(-0.3, 0.6),
            colours=BLUES,
        ),
        Preset(
            "ndsi",
            "Snow (NDSI)",
            "Snow and ice are white; open water is pale as well (Hall et al. 1995).",
            ("B03", "B11"),
            kind="index",
            limits=(-0.5, 0.9),
            colours=FROST,
        ),
        Preset(
            "nbr",
            "Burnt area (NBR)",
            "Burnt ground is dark, healthy vegetation pale (Key and Benson 2006).",
            ("B08", "B12"),
            kind="index",
            limits=(-0.3, 0.8),
            colours=EMBERS,
        ),
        Preset(
            "looks",
            "Number of clear looks",
            "How many clear passes are behind each pixel: pale is one, dark is eight or more.",
            (OBSERVATIONS,),
            kind="count",
            limits=(1.0, 8.0),
            colours=VIOLETS,
        ),
    )
}


def preset_for(name: str | None, bands: Sequence[str]) -> Preset:
    """Return the preset of a name, or the picture that chosen bands allow.

    Without a name: true colour where its bands are among them, else their first three as red, green
    and blue, else the first one in grey.

    Raises
    ------
    InvalidInputError
        If the name is not one of `PRESETS`.
    """
    if name is not None:
        if name not in PRESETS:
            raise InvalidInputError(f"The preset {name!r} is not known: use {', '.join(PRESETS)}.")
        return PRESETS[name]
    natural = PRESETS["true-colour"]
    if set(natural.bands) <= set(bands):
        return natural
    if len(bands) >= 3:  # noqa: PLR2004 - red, green, blue
        return Preset("bands", " ".join(bands[:3]), "Three chosen bands as red, green and blue.", tuple(bands[:3]))
    return Preset("band", bands[0], "One chosen band in grey.", (bands[0],), kind="grey")
