"""The notebook runs from top to bottom on the demo catalogue and leaves its files."""

from __future__ import annotations

from pathlib import Path

import nbformat
import rasterio
from nbclient import NotebookClient
from PIL import Image

_NOTEBOOK = Path(__file__).resolve().parents[2] / "timelapse_notebook.ipynb"


def test_the_five_steps_run(tmp_path, monkeypatch):
    # Numba, Dask and Jupyter share the machine with the other tests: no version of a second kernel's debugger.
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    notebook = nbformat.read(_NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    with Image.open(tmp_path / "out" / "timelapse.gif") as gif:
        assert gif.n_frames == 4
    composites = sorted((tmp_path / "out" / "months").glob("*.tif"))
    assert len(composites) == 4
    for path in composites:
        with rasterio.open(path) as file:
            assert file.descriptions == ("B04", "B03", "B02", "observations")
            assert file.read(4).mean() > 0.5
    text = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert "passes" in text
