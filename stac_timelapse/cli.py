"""The recipe without a browser: ``stac-timelapse run | search | probe | stats | change | indices | demo | serve``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stac_timelapse import __version__, change_command, commands, index_command, probe_command, stats_command
from stac_timelapse.argument_types import decimals, labels, months, names, numbers, pair, percent
from stac_timelapse.composite.persistent import LEAST_LOOKS, SHARE
from stac_timelapse.errors import NothingFoundError, TimelapseError, cause_of
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.picture.palettes import PALETTES
from stac_timelapse.scenes.periods import PERIODS

#: What Dask has to say about lost connections comes after our own sentence, and at length.
_LOUD = ("distributed", "distributed.client", "distributed.nanny", "tornado", "tornado.application", "asyncio")
_MAYBE_NEGATIVE = {"--aoi", "--at", "--limits", "--stretch"}
_NEGATIVE = re.compile(r"-\d[\d.,\s-]*")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code.

    0 done; 2 bad input; 3 nothing found; 4 the provider failed; 130 interrupted; 1 an error of this program.
    """
    arguments = _parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
    logging.captureWarnings(capture=True)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return int(arguments.command(arguments))
    except TimelapseError as error:
        sys.stderr.write(f"stac-timelapse: {error}\n")
        if getattr(arguments, "json", False):
            reason = error.reason if isinstance(error, NothingFoundError) else None
            json.dump({"error": str(error), "exit": error.exit_code, "reason": reason}, sys.stdout)
            sys.stdout.write("\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("stac-timelapse: interrupted; finished months are kept and are not computed again.\n")
        return 130
    except BrokenPipeError:
        # The reader of our output, like `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        sys.stderr.write(
            f"stac-timelapse: an error of the program itself ({type(error).__name__}: {cause_of(error)}): "
            "please report it with this command line; PYTHONDEVMODE=1 shows where it happened.\n"
        )
        return 1


_METHOD_HELP = (
    "how a month's passes become one value: median (default), mean, percentile:0 to percentile:100, first-clear "
    "(the least cloudy pass first), max-ndvi, medoid"
)

_INDEX_HELP = (
    "what is measured: ndvi or another preset that is an index, a band, or an index of the library (see: indices); "
    "default: the picture's own, else ndvi"
)
_AOI_HELP = "KML, KMZ, GeoJSON, GeoPackage, GPX, FlatGeobuf or zipped Shapefile, or bounds in degrees"
_CLIP_HELP = "no data outside the area itself (default: the files show all of the rectangle around it)"
_WITHOUT_HELP = "leave these months out of the GIF (their GeoTIFFs are written all the same)"
_ONLY_CLEAR_HELP = "leave months out of the GIF of which less than this share of the area is clear"
_AREA_CLOUD_HELP = "leave out passes of which more was hidden, in percent of what each saw of the area (default: 100)"
_MEASURE_HELP = "read the overviews of the cloud masks, and say what each pass saw clear inside the area itself"

_FORMULA_HELP = 'band maths, e.g. "SAVI = 1.5 * (B08 - B04) / (B08 + B04 + 0.5)"; bands are reflectance, 0 to 1'
_LIMITS_HELP = "values, or reflectance of bands, that are darkest and brightest (three pairs: red, green, blue)"
_PERCENTILES_HELP = (
    "settle the limits between these percentiles of the whole series, e.g. 1,99 (default of bands: 2,98)"
)
_EVEN_HELP = "even out the brightness of the months in the GIF; the GeoTIFFs stay as they are"

_OPENING_HELP = "radius of the disc that a cloud or shadow must hold to be one (morphological opening; default: 0)"
_PERIOD_HELP = f"what one composite is made of: {', '.join(PERIODS)} (the month of all years together); default: month"
_RESCUE_HELP = (
    f"take for bright ground what is flagged as cloud in more than {SHARE} %% of at least {LEAST_LOOKS} passes"
)


def _joined(argv: Sequence[str]) -> list[str]:
    """Join options with a value that begins with a minus, which argparse would take for an option itself."""
    joined: list[str] = []
    for argument in argv:
        if joined and joined[-1] in _MAYBE_NEGATIVE and _NEGATIVE.fullmatch(argument):
            joined[-1] = f"{joined[-1]}={argument}"
        else:
            joined.append(argument)
    return joined


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stac-timelapse",
        description="Cloud-free monthly timelapses of any place from open satellite archives.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands_of = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands_of.add_parser("run", help="search, composite every month, write GeoTIFFs and a GIF")
    _add_query(run)
    _add_picture(run)
    _add_method(run)
    _add_cluster(run)
    run.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    run.add_argument("--geotiff", action="store_true", help="write composite_YYYY-MM.tif (with --gif: both)")
    run.add_argument("--gif", action="store_true", help="write timelapse.gif; with neither flag both are written")
    run.add_argument("--clip", action="store_true", help=_CLIP_HELP)
    run.add_argument("--without", type=labels, default=(), metavar="2022-05,…", help=_WITHOUT_HELP)
    run.add_argument("--only-clear", type=percent, default=0.0, metavar="PERCENT", help=_ONLY_CLEAR_HELP)
    _add_look(run)
    run.add_argument("--json", action="store_true", help="print one JSON summary to stdout")
    run.set_defaults(command=commands.run)

    search = commands_of.add_parser("search", help="print the passes found; reads no pixel unless told to measure")
    _add_query(search)
    _add_picture(search)
    search.add_argument("--measure", action="store_true", help=_MEASURE_HELP)
    search.add_argument("--json", action="store_true", help="print JSON instead of a table")
    search.set_defaults(command=commands.search)

    _add_looking(commands_of)

    indices = commands_of.add_parser("indices", help="list the library of spectral indices")
    indices.add_argument("words", nargs="*", metavar="WORD", help="only those with all these words in name or title")
    indices.add_argument("--bands", type=names, metavar="B04,B08", help="only those that these bands allow")
    indices.add_argument("--json", action="store_true", help="print JSON instead of a table")
    indices.set_defaults(command=index_command.indices)

    demo = commands_of.add_parser("demo", help="build the demo catalogue and serve it as a STAC API")
    demo.add_argument("--port", type=int, default=0, help="port of the STAC API (default: a free one)")
    demo.add_argument("--build-only", action="store_true", help="build it and stop")
    demo.set_defaults(command=commands.demo)

    serve = commands_of.add_parser("serve", help="serve the dashboard")
    serve.add_argument("--port", type=int, default=5006, help="port of the dashboard (default: 5006)")
    serve.add_argument("--address", default="127.0.0.1", help="interface to listen on (default: this machine only)")
    serve.add_argument("--show", action="store_true", help="open a browser")
    serve.set_defaults(command=commands.serve)
    return parser


def _add_looking(commands_of: Any) -> None:
    """Add the commands that look into a series."""
    probe = commands_of.add_parser("probe", help="print every observation of one pixel, used or not and why")
    _add_query(probe)
    _add_picture(probe)
    _add_method(probe)
    probe.add_argument("--at", required=True, metavar="LON,LAT", help="place inside the area, in degrees")
    probe.add_argument("--month", metavar="YYYY-MM", help="only this month, or other period (default: all of them)")
    probe.add_argument("--csv", type=Path, metavar="FILE", help="write the table as CSV too")
    probe.add_argument("--json", action="store_true", help="print JSON instead of a table")
    probe.set_defaults(command=probe_command.probe)

    stats = commands_of.add_parser("stats", help="measure an index in the area and at places, month by month")
    _add_series(stats)
    stats.add_argument("--at", action="append", default=[], metavar="LON,LAT", help="a place too; may be repeated")
    stats.add_argument("--every-pixel", action="store_true", help="of a large area too, instead of an overview")
    stats.add_argument("--csv", type=Path, metavar="FILE", help="write the table as CSV too")
    stats.add_argument("--json", action="store_true", help="print JSON instead of a table")
    stats.set_defaults(command=stats_command.stats)

    change = commands_of.add_parser("change", help="map where and when an index dropped or rose most")
    _add_series(change)
    way = change.add_mutually_exclusive_group()
    way.add_argument("--drop", type=float, metavar="LEAST", help="the least drop that counts (default: 0.2)")
    way.add_argument("--rise", type=float, metavar="LEAST", help="look for a rise instead, of this at least")
    change.add_argument("--passing", action="store_true", help="count what the next clear look does not confirm too")
    change.add_argument("--out", type=Path, required=True, metavar="FILE", help="the map, a GeoTIFF")
    change.add_argument("--json", action="store_true", help="print JSON instead of a table")
    change.set_defaults(command=change_command.change)


def _add_query(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "--catalog",
        required=required,
        metavar="NAME|URL|PATH",
        help="demo, planetary-computer, earth-search, a STAC API's address, or a catalog.json; A+B searches both",
    )
    parser.add_argument("--collection", metavar="ID", help="collection to search where it is not the usual one")
    parser.add_argument("--aoi", required=required, metavar='FILE|"W,S,E,N"', help=_AOI_HELP)
    parser.add_argument("--area", default="", metavar="NAME", help="one area of the file, by name or number")
    parser.add_argument(
        "--months", required=required, type=months, metavar="YYYY-MM/YYYY-MM", help="first and last month"
    )
    parser.add_argument(
        "--months-of-year", type=numbers, default=tuple(range(1, 13)), metavar="6,7,8", help="only these months"
    )
    parser.add_argument("--period", default="month", metavar="NAME", help=_PERIOD_HELP)
    parser.add_argument(
        "--max-cloud", type=float, default=80.0, metavar="PERCENT", help="of a whole scene (default 80)"
    )
    parser.add_argument("--max-area-cloud", type=float, default=100.0, metavar="PERCENT", help=_AREA_CLOUD_HELP)
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="PASS", help="leave out a pass (its key); may be repeated"
    )
    parser.add_argument(
        "--keep", action="append", default=[], metavar="PASS", help="use a pass in spite of --max-area-cloud"
    )
    parser.add_argument(
        "--gaps",
        default="blank",
        metavar="RULE",
        help="blank (default), hold, blend, or widen:DAYS; marked in the files",
    )
    bands_help = "Sentinel-2's names, in output order (default: those that the picture needs)"
    parser.add_argument("--bands", type=names, metavar="B04,B03,B02", help=bands_help)
    parser.add_argument("--resolution", type=float, default=10.0, metavar="METRES", help="pixel size (default: 10)")
    parser.add_argument(
        "--clear", type=numbers, default=(4, 5, 6, 7), metavar="4,5,6,7", help="classes of the SCL that are kept"
    )
    parser.add_argument("--dilate", type=float, default=0.0, metavar="METRES", help="margin around clouds (default: 0)")
    parser.add_argument("--opening", type=float, default=0.0, metavar="METRES", help=_OPENING_HELP)
    parser.add_argument("--rescue", action="store_true", help=_RESCUE_HELP)


def _add_picture(parser: argparse.ArgumentParser) -> None:
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--preset", choices=sorted(PRESETS), help="what the picture shall show")
    choice.add_argument("--formula", metavar="TEXT", help=_FORMULA_HELP)
    choice.add_argument("--index", metavar="NAME", help="an index of the library, e.g. EVI (see: indices)")


def _add_series(parser: argparse.ArgumentParser) -> None:
    """Add what names a series to be built or found built: a recipe, or what makes one."""
    parser.add_argument("recipe", nargs="?", type=Path, metavar="RECIPE", help="a recipe.json; or give what run takes")
    _add_query(parser, required=False)
    _add_method(parser)
    _add_cluster(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--index", dest="quantity", metavar="NAME", help=_INDEX_HELP)
    what.add_argument("--formula", dest="quantity", metavar="TEXT", help=_FORMULA_HELP)
    parser.set_defaults(preset=None, formula=None, index=None)


def _add_method(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--method", default="median", metavar="NAME", help=_METHOD_HELP)


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="tcp://host:port of a running Dask scheduler, or gateway:NAME"
    )


def _add_look(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--palette", metavar="NAME", help=f"colours of an index or a formula: {', '.join(PALETTES)}")
    parser.add_argument("--limits", "--stretch", default=(), type=decimals, metavar="LOW,HIGH", help=_LIMITS_HELP)
    parser.add_argument("--percentiles", type=pair, metavar="LOW,HIGH", help=_PERCENTILES_HELP)
    parser.add_argument("--gamma", type=float, metavar="NUMBER", help="of bands: above 1.2 (the default) is brighter")
    parser.add_argument("--even", action="store_true", help=_EVEN_HELP)


if __name__ == "__main__":
    sys.exit(main())
