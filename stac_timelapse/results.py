"""The folder with a run's results: GeoTIFFs, GIF, and the recipe with what it led to."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rasterio.errors import RasterioError

from stac_timelapse.clip import clip
from stac_timelapse.errors import InvalidInputError, cause_of
from stac_timelapse.export.gif import write_gif
from stac_timelapse.export.parts import PART
from stac_timelapse.month_job import MonthResult
from stac_timelapse.picture.settled import Settled, settle
from stac_timelapse.recipe import Recipe
from stac_timelapse.report import provenance
from stac_timelapse.scenes.model import SceneSet

_ANOTHER = "choose another --out."


def prepare(out: Path) -> None:
    """Make the folder for the results and see that it can be written, before anything is computed.

    Raises
    ------
    InvalidInputError
        If it cannot.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        raise InvalidInputError(f"The folder {out} cannot be used ({error.strerror}): {_ANOTHER}") from error


def write_results(
    recipe: Recipe,
    scenes: SceneSet,
    results: Sequence[MonthResult],
    out: Path,
    *,
    geotiff: bool,
    gif: bool,
    say: Callable[[str], None],
    settled: Settled | None = None,
) -> tuple[list[MonthResult], list[Path]]:
    """Write what was asked for, and always ``recipe.json``.

    Parameters
    ----------
    recipe, scenes, results
        What was asked for, what it was made of, and its months in order.
    out
        An existing folder; each file appears whole or not at all.
    geotiff, gif
        Which files; with neither both are written.
    say
        Called with a line for people before what takes a while.
    settled
        How the GIF shows them, if that is known already.

    Returns
    -------
    results
        The months as they were written: clipped, where the recipe says so. Their files are then those of `files`.
    files
        In the order in which they were written.

    Raises
    ------
    InvalidInputError
        If they cannot be written.
    """
    geotiff, gif = geotiff or not gif, gif or not geotiff
    shown = settled if settled is not None or not gif else settled_for(recipe, results)
    try:
        with tempfile.TemporaryDirectory(prefix=PART, dir=out) as folder:
            if recipe.clip:
                say("Cutting the months to the area ...")
                results = list(clip(results, recipe.aoi, Path(folder)))
            files = _drawn(recipe, results, out, shown, say) if shown is not None and gif else []
            if geotiff:
                files = [*(_placed(one, out, keep=not recipe.clip) for one in results), *files]
        document = out / "recipe.json"
        document.write_text(json.dumps(provenance(recipe, scenes, results), indent=2), encoding="utf-8")
    except (OSError, RasterioError) as error:
        reason = getattr(error, "strerror", None) or cause_of(error)
        raise InvalidInputError(f"The results cannot be written to {out} ({reason}): {_ANOTHER}") from error
    return list(results), [*files, document]


def _placed(result: MonthResult, out: Path, *, keep: bool) -> Path:
    """Put a month's file into the folder; `keep` leaves the one that it is made of where it is."""
    target = out / f"composite_{result.month}.tif"
    if not keep:
        return result.path.replace(target)
    part = target.with_suffix(".part")
    shutil.copyfile(result.path, part)
    return part.replace(target)


def percent_of(share: float) -> int:
    """Return a share as whole percent, as people read it; 100 is said of nothing less."""
    return round(100 * share) if share == 1 else min(round(100 * share), 99)


def settled_for(recipe: Recipe, results: Sequence[MonthResult]) -> Settled:
    """Settle how the months of a recipe are shown: from all of their pixels, also those outside the area."""
    appearance = recipe.appearance
    months = [(one.month, one.path) for one in results]
    return settle(months, appearance.picture(recipe.bands), appearance.tone, even=recipe.even)


def _drawn(
    recipe: Recipe, results: Sequence[MonthResult], out: Path, settled: Settled, say: Callable[[str], None]
) -> list[Path]:
    drawn = [one for one in results if one.month not in recipe.without]
    if not drawn:
        say("Every month is left out of the GIF: it is not drawn.")
        return []
    say("Drawing the GIF ..." if len(drawn) == len(results) else f"Drawing {len(drawn)} of {len(results)} months ...")
    preset = recipe.appearance.picture(recipe.bands)
    gif = write_gif(
        [(one.month, one.path) for one in drawn],
        out / "timelapse.gif",
        preset=preset,
        stretch=settled.stretch,
        gains=settled.gains,
        title=preset.titled(recipe.aoi.name),
        attribution=recipe.attribution,
        aoi=recipe.aoi,
    )
    return [gif]
