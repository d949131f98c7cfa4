"""How a series is shown, as a user decides it. Nothing of it changes a composite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.formula import parse
from stac_timelapse.picture.indices import Preset, preset_for
from stac_timelapse.picture.palettes import colours_of
from stac_timelapse.picture.stretch import AUTOMATIC, Tone

#: Name of the picture that a formula makes.
OWN = "formula"
_USUAL_PALETTE = "viridis"


@dataclass(frozen=True, slots=True)
class Appearance:
    """What is shown, in which colours, how bright.

    Parameters
    ----------
    preset
        Name of a preset; None for what the bands allow. Not used where there is a formula.
    formula
        Band maths, see `stac_timelapse.picture.formula`; None for none.
    palette
        Name of a palette for an index, a count or a formula; None for the picture's own.
    tone
        Limits, percentiles, gamma.
    even
        Whether the brightness of the months is evened out, see `stac_timelapse.picture.flicker`.
    """

    preset: str | None = None
    formula: str | None = None
    palette: str | None = None
    tone: Tone = AUTOMATIC
    even: bool = False

    def picture(self, bands: Sequence[str] = ()) -> Preset:
        """Return what is shown of a series of these bands.

        Raises
        ------
        InvalidInputError
            If the formula, the preset or the palette is none, or they and the limits do not belong together.
        """
        picture = preset_for(self.preset, bands) if self.formula is None else preset_of(self.formula)
        if self.palette is not None:
            if not picture.of_one_value:
                raise InvalidInputError(
                    f"{picture.title} shows bands as they are: a palette belongs to an index or a formula."
                )
            picture = replace(picture, colours=colours_of(self.palette))
        self.tone.check(picture)
        return picture

    def fields(self) -> dict[str, Any]:
        """Return it as the fields of a recipe."""
        return {
            "preset": self.preset if self.formula is None else None,
            "formula": self.formula,
            "palette": self.palette,
            "limits": self.tone.limits,
            "percentiles": self.tone.percentiles,
            "gamma": self.tone.gamma,
            "even": self.even,
        }


def preset_of(text: str) -> Preset:
    """Return the picture of a formula."""
    formula = parse(text)
    return Preset(
        OWN,
        formula.title,
        formula.expression,
        formula.bands,
        kind="index",
        colours=colours_of(_USUAL_PALETTE),
        formula=formula,
    )
