"""What ``stac-timelapse change`` does: map where and when an index dropped or rose most."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from stac_timelapse import __version__
from stac_timelapse.change import ChangeRule, Changes, find_changes
from stac_timelapse.commands import build_months
from stac_timelapse.console import print_json, say
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.scenes.periods import words_of
from stac_timelapse.stats_command import asked, found_for

USUAL_LEAST = 0.2


def change(arguments: argparse.Namespace) -> int:
    """Build what is not built yet, write the map of changes, and print how much ground changed when."""
    recipe, quantity = asked(arguments)
    rise = arguments.rise is not None
    if not rise and arguments.drop is None and not math.isfinite(quantity.span):
        raise InvalidInputError(
            f"{quantity.title} may have any unit: give the least change that counts with --drop or --rise."
        )
    least = arguments.rise if rise else USUAL_LEAST if arguments.drop is None else arguments.drop
    rule = ChangeRule(quantity, least, rise=rise, lasting=not arguments.passing)
    out: Path = arguments.out
    if not out.parent.is_dir():
        raise InvalidInputError(f"The folder {out.parent} is not there: make it, or choose another --out.")
    scenes = found_for(arguments, recipe)
    results = build_months(recipe, scenes, arguments.cluster)
    say(f"Looking for a {rule.words} ...")
    tags = {"ATTRIBUTION": recipe.attribution, "SOFTWARE": f"STAC Timelapse {__version__}", "RECIPE": recipe.key}
    found = find_changes(results, recipe.aoi, rule, out, tags=tags)
    if arguments.json:
        print_json(to_dict(found))
    else:
        sys.stdout.write("\n".join(to_lines(found)) + "\n")
    return 0


def to_dict(found: Changes) -> dict[str, object]:
    """Return the changes as JSON values."""
    rule = found.rule
    return {
        "index": rule.quantity.name,
        "least": rule.least,
        "direction": "rise" if rule.rise else "drop",
        "lasting": rule.lasting,
        "hectares": {month: round(size, 4) for month, size in zip(found.months, found.hectares, strict=True)},
        "compared_hectares": round(found.area, 4),
        "file": str(found.path),
    }


def to_lines(found: Changes) -> list[str]:
    """Return the changes as lines for people: the months in which anything changed, and the sum."""
    rows = [f"{words_of(month):<24} {size:12.2f} ha" for month, size in found.by_month.items()]
    total = sum(found.hectares)
    share = f" ({total / found.area:.1%} of {found.area:.2f} ha compared)" if found.area else ""
    return [f"{found.rule.words[0].upper()}{found.rule.words[1:]}", *rows, f"{'Together':<24} {total:12.2f} ha{share}"]
