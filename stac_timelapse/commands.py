"""What the commands of the command line do."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from stac_timelapse import demo as demo_catalog
from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.area.vector import EXTENSIONS, area_of, is_file, listed, read_vector, titles_of
from stac_timelapse.build import MonthResult, Progress
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.console import print_json, say
from stac_timelapse.cube.clear_share import Seen
from stac_timelapse.errors import InvalidInputError, NothingFoundError
from stac_timelapse.estimate import Estimate
from stac_timelapse.picture.formula import parse
from stac_timelapse.picture.index_library import formula_of
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.recipe import Recipe
from stac_timelapse.report import provenance, summary
from stac_timelapse.results import percent_of, prepare, settled_for, write_results
from stac_timelapse.scenes.facts import catalog_lines
from stac_timelapse.scenes.model import Pass, SceneSet
from stac_timelapse.scenes.union import title_of
from stac_timelapse.storage import months_folder


def run(arguments: argparse.Namespace) -> int:
    """Search, build, and write the results to ``--out``."""
    begun = time.monotonic()
    given = {"method": arguments.method, "clip": arguments.clip, "without": arguments.without}
    recipe = recipe_of(arguments).but(**given, **look_of(arguments))
    scenes = find_scenes(recipe)
    estimate = pipeline.estimate(recipe, scenes)
    say(_cost(estimate))
    out: Path = arguments.out
    prepare(out)
    results = build_months(recipe, scenes, arguments.cluster)
    if results[0].rescued_pixels is not None:
        say(f"Bright ground that passes for cloud: {results[0].rescued_pixels:,} pixels.")
    hazy = (one.month for one in results if percent_of(one.clear_share) < arguments.only_clear)
    recipe = recipe.but(without=tuple(sorted({*recipe.without, *hazy})))
    shown = settled_for(recipe, results)
    if shown.flicker is not None:
        say(shown.flicker.words(even=recipe.even))
    kinds = {"geotiff": arguments.geotiff, "gif": arguments.gif}
    results, files = write_results(recipe, scenes, results, out, **kinds, say=say, settled=shown)
    report = summary(recipe, scenes, estimate, results, files, time.monotonic() - begun, shown.flicker)
    if arguments.json:
        print_json(report)
    say(f"Done in {report['seconds']:.1f} s: {len(files)} files in {out}.")
    if all(result.empty for result in results):
        say(
            f"stac-timelapse: No pixel of the area is clear in the {len(scenes.passes)} passes found: "
            "the files hold gaps only; choose other months."
        )
        return NothingFoundError.exit_code
    return 0


def find_scenes(recipe: Recipe) -> SceneSet:
    """Search and choose, see `stac_timelapse.pipeline.find`, telling what was found."""
    say(f"Searching {title_of(recipe.sources)} ...")
    scenes = pipeline.find(recipe)
    say(found_words(scenes))
    return scenes


def build_months(recipe: Recipe, scenes: SceneSet, cluster: str | None) -> list[MonthResult]:
    """Build the months on a cluster of this address, or on this machine, telling how it goes; return them in order."""
    with connect(ClusterSpec(address=cluster)) as client:
        months: dict[str, MonthResult] = {}
        for result in pipeline.build(
            recipe, scenes, client=client, store=MonthStore(months_folder()), on_progress=_show
        ):
            say(_line(result))
            months[result.month] = result
    return [months[month] for month in sorted(months)]


def search(arguments: argparse.Namespace) -> int:
    """Print the passes found, and what each saw of the area if that is asked for."""
    recipe = recipe_of(arguments)
    found = pipeline.search(recipe)
    measured = arguments.measure or recipe.limits_the_area
    seen, unreadable = pipeline.measure(recipe, found) if measured else ({}, {})
    scenes = pipeline.choose(recipe, found, seen)
    if arguments.json:
        listed = provenance(recipe, scenes)["scenes"]
        if measured:
            listed = [{**scene, **_shares(seen.get(scene["pass"]))} for scene in listed]
        print_json(listed)
    else:
        heads = "  clear in area %  area seen %" if measured else ""
        rows = [f"date        time   satellite    cloud %{heads}  scenes"]
        for one, reason in _listed(scenes):
            names = ", ".join(scene.id for scene in one.scenes) + (f"  NOT USED: {reason}" if reason else "")
            inside = _inside(seen.get(one.key)) if measured else ""
            rows.append(f"{one.datetime:%Y-%m-%d  %H:%M}  {one.platform:<12} {one.cloud_cover:7.1f}{inside}  {names}")
        sys.stdout.write("\n".join(rows) + "\n")
    say(found_words(scenes))
    for scene, reason in unreadable.items():
        say(f"  not measured: {scene} ({reason})")
    return 0


def _listed(scenes: SceneSet) -> list[tuple[Pass, str]]:
    """Return what was found in order of time, with the reason where it is not used."""
    listed = [(one, "") for one in scenes.passes] + [(other.one, other.reason) for other in scenes.rejected]
    return sorted(listed, key=lambda pair: (pair[0].datetime, pair[0].key))


def _shares(seen: Seen | None) -> dict[str, float | None]:
    return {
        "area_clear_share": seen.clear if seen is not None else None,
        "area_covered_share": seen.covered if seen is not None else None,
    }


def _inside(seen: Seen | None) -> str:
    if seen is None:
        return f"  {'?':>15}  {'?':>11}"
    return f"  {100 * seen.clear:15.1f}  {100 * seen.covered:11.1f}"


def demo(arguments: argparse.Namespace) -> int:
    """Build the demo catalogue and serve it until interrupted."""
    root = demo_catalog.build(on_progress=_show_demo)
    say(f"The demo catalogue is in {root}.")
    if arguments.build_only:
        return 0
    with demo_catalog.serve(root, stac_port=arguments.port) as server:
        say(f"STAC API at {server.stac_url} (collection {server.collection}). Stop with Ctrl-C.")
        _until_stopped()
    return 0


def serve(arguments: argparse.Namespace) -> NoReturn:
    """Serve the dashboard until interrupted; its start-up hooks build and serve the demo."""
    demo_catalog.build(on_progress=_show_demo)
    folder = resources.files("app")
    say(f"The dashboard will be at http://localhost:{arguments.port}")
    command = [sys.executable, "-m", "panel", "serve", str(folder), "--port", str(arguments.port)]
    command += ["--address", arguments.address, "--index", "app", "--keep-alive", "10000"]
    command += ["--unused-session-lifetime", "5000", "--check-unused-sessions", "5000"]
    command += ["--allow-websocket-origin", f"localhost:{arguments.port}"]
    command += ["--allow-websocket-origin", f"{arguments.address}:{arguments.port}"]
    if arguments.show:
        command.append("--show")
    # In the place of this process: signals reach the server itself, and it ends what it started.
    os.execv(command[0], command)  # noqa: S606 - our own interpreter and package


def recipe_of(arguments: argparse.Namespace) -> Recipe:
    """Return the recipe that a query's options make."""
    start, end = arguments.months
    preset: str | None = arguments.preset
    formula: str | None = formula_of(arguments.index) if arguments.index else arguments.formula
    bands: tuple[str, ...] = arguments.bands or ()
    if not bands:
        preset = None if formula is not None else preset or "true-colour"
        bands = parse(formula).bands if formula is not None else PRESETS[preset or "true-colour"].built
    return Recipe(
        catalog=arguments.catalog,
        collection=arguments.collection,
        aoi=_area(arguments.aoi, arguments.area),
        start=start,
        end=end,
        months_of_year=arguments.months_of_year,
        period=arguments.period,
        max_cloud=arguments.max_cloud,
        bands=bands,
        preset=preset,
        formula=None if formula is None else parse(formula).text,
        resolution=arguments.resolution,
        clear=arguments.clear,
        dilate=arguments.dilate,
        opening=arguments.opening,
        rescue=arguments.rescue,
        max_area_cloud=arguments.max_area_cloud,
        excluded=tuple(arguments.exclude),
        kept=tuple(arguments.keep),
        gaps=arguments.gaps,
    )


def look_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the options of a run say of how it is shown, as fields of a recipe."""
    return {name: getattr(arguments, name) for name in ("palette", "limits", "percentiles", "gamma", "even")}


def _area(text: str, wanted: str) -> AreaOfInterest:
    path = Path(text)
    if is_file(path):
        content = read_vector(path, path.name)
        area = area_of(content, path.name, wanted)
        for sentence in content.skipped:
            say(sentence)
        titles = titles_of(content, path.name)
        if len(titles) > 1 and not wanted:
            say(f"{path.name} holds {len(titles)} areas, taken together ({listed(titles)}); --area takes one of them.")
        return area
    if path.suffix.lower() in EXTENSIONS:
        raise InvalidInputError(f"The area file {text} does not exist.")
    if wanted:
        raise InvalidInputError(
            f"--area {wanted!r} chooses among the areas of a file, and --aoi is none: leave it out."
        )
    return AreaOfInterest.parse(text)


def found_words(scenes: SceneSet) -> str:
    """Return what a search found, in one line and one more for each catalogue."""
    reasons = dict.fromkeys(other.reason for other in scenes.rejected)
    left_out = "".join(f", {scenes.n_rejected(reason)} {reason}" for reason in reasons)
    twins = f", {scenes.n_twins} reprocessed twins left out" if scenes.n_twins else ""
    return (
        f"{scenes.n_items} items -> {scenes.n_scenes} scenes -> {len(scenes.passes)} passes "
        f"in {len(scenes.months)} months{twins}{left_out}." + "".join(f"\n  {line}" for line in catalog_lines(scenes))
    )


def _cost(estimate: Estimate) -> str:
    return (
        f"{estimate.width} x {estimate.height} pixels of {estimate.resolution:g} m (EPSG:{estimate.epsg}); "
        f"reads about {estimate.read_bytes / 1e6:.0f} MB, holds about {estimate.memory_bytes / 1e6:.0f} MB."
    )


def _line(result: MonthResult) -> str:
    origin = "was there already" if result.from_store else f"{result.seconds:.1f} s"
    lost = "".join(f"\n  left out: {scene} ({reason})" for scene, reason in result.unreadable)
    filled = f", {result.filled_share:.0%} filled" if result.filled_share else ""
    if result.empty:
        return f"{result.month}: no clear pixel in {result.passes_used} passes{filled} ({origin}).{lost}"
    return (
        f"{result.month}: {result.passes_used} passes, {result.clear_share:.0%} of the pixels clear{filled}, "
        f"{result.observations_mean:.1f} observations a pixel ({origin}).{lost}"
    )


def _show(progress: Progress) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(
            f"\r{progress.month or 'Looking for bright ground'}: tile {progress.tiles_done} of {progress.tiles_total}, "
            f"month {min(progress.months_done + 1, progress.months_total)} of {progress.months_total}\x1b[K\r"
        )


def _show_demo(done: int, total: int, text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\rDemo catalogue: {text} ({done} of {total})\x1b[K" + ("\n" if done == total else ""))
    elif done == total or done % max(total // 10, 1) == 0:
        say(f"Demo catalogue: {text} ({done} of {total})")


def _until_stopped() -> None:
    stopped = threading.Event()

    def stop(*_: Any) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    stopped.wait()
