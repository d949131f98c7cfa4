"""Make the demo catalogue in the cache folder: once, whole, and the same everywhere."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stac_timelapse.demo.catalog import make_catalog, make_collection
from stac_timelapse.demo.passes import make_pass
from stac_timelapse.demo.quicklook import write_quicklook
from stac_timelapse.demo.spec import COLLECTION, FULL, DemoSpec, PassPlan
from stac_timelapse.demo.workers import work_on
from stac_timelapse.errors import ProviderError
from stac_timelapse.storage import CACHE_VARIABLE, cache_folder

#: Changes with every change of the bytes that are built.
VERSION = 4
_MANIFEST = "manifest.json"
_MOST_WORKERS = 4

Progress = Callable[[int, int, str], None]


def usual_folder() -> Path:
    """Return where the full demo catalogue is, or will be built."""
    return cache_folder() / f"demo-v{VERSION}"


def build(
    cache_dir: Path | None = None,
    on_progress: Progress | None = None,
    spec: DemoSpec = FULL,
    workers: int | None = None,
) -> Path:
    """Return the folder of the demo catalogue, made now if it is missing or not whole.

    Two processes that ask at once do not build twice: the second waits for the first.

    Parameters
    ----------
    cache_dir
        Folder for the catalogue; default `usual_folder`.
    on_progress
        Called with passes done, passes in all, and a few words.
    spec
        What to build.
    workers
        Processes to use; default the number of processors, at most 4. With 1, none but this one.

    Returns
    -------
    Path
        Folder with ``catalog.json``.

    Raises
    ------
    ProviderError
        If the folder cannot be written, or a process of the build dies.
    """
    folder = cache_dir or usual_folder()
    tell = on_progress or _silent
    total = len(spec.passes())
    if not is_whole(folder, spec):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _locked(folder.with_name(folder.name + ".lock"), lambda: tell(0, total, "another process builds it")):
                # Another process may have built it while this one waited.
                if not is_whole(folder, spec):
                    _build(folder, spec, tell, workers or min(os.cpu_count() or 1, _MOST_WORKERS))
        except OSError as error:
            raise ProviderError(
                f"The demo catalogue cannot be written to {folder} ({error.strerror or error}): free some 300 MB, "
                f"or name another folder in {CACHE_VARIABLE}."
            ) from error
    tell(total, total, "the demo landscape is ready")
    return folder


def is_whole(folder: Path, spec: DemoSpec = FULL) -> bool:
    """Return whether the folder holds this catalogue with every file at its full size."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        files = manifest["files"]
        if (manifest["version"], manifest["spec"], manifest["checksum"]) != (VERSION, spec.name, _checksum(files)):
            return False
        return all((folder / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _build(folder: Path, spec: DemoSpec, tell: Progress, workers: int) -> None:
    # Left by builds that were killed; the lock says that none is running.
    for old in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(old)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        items = _make_passes(work, spec, tell, workers)
        home = work / COLLECTION
        for item in items:
            _write_json(home / item["id"] / f"{item['id']}.json", item)
        _write_json(home / "collection.json", make_collection(spec, items))
        _write_json(work / "catalog.json", make_catalog())
        files = {path.relative_to(work).as_posix(): path.stat().st_size for path in _files_of(work)}
        manifest = {"version": VERSION, "spec": spec.name, "checksum": _checksum(files), "files": files}
        _write_json(work / _MANIFEST, manifest)
        if folder.exists():
            shutil.rmtree(folder)
        work.chmod(0o755)  # mkdtemp hides it from other users
        work.replace(folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _make_passes(work: Path, spec: DemoSpec, tell: Progress, workers: int) -> list[dict[str, Any]]:
    """Write the overview and all granules; return the items in the order of time."""
    plans = spec.passes()
    tell(0, len(plans), "drawing the demo landscape")
    items: list[dict[str, Any]] = []
    if workers == 1:
        write_quicklook(work, spec)
        for done, plan in enumerate(plans, 1):
            items += make_pass(work, spec, plan)
            tell(done, len(plans), _words(plan))
    else:
        with work_on(work, spec, workers) as results:
            for done, (plan, made) in enumerate(results, 1):
                items += made
                tell(done, len(plans), _words(plan))
    return sorted(items, key=lambda item: (item["properties"]["datetime"], item["id"]))


def _words(plan: PassPlan) -> str:
    return f"photographed {plan.start:%-d %B %Y}"


def _silent(_done: int, _total: int, _words: str) -> None:
    """Say nothing."""


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _checksum(files: dict[str, int]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _write_json(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


@contextlib.contextmanager
def _locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EAGAIN, errno.EACCES}:
                raise
            on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
