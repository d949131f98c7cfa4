"""The library of spectral indices: in our bands, with the constants of its catalogue."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.index_library import formula_of, index_library, index_of, indices_of
from stac_timelapse.scenes.union import bands_of


def test_every_index_can_be_computed():
    library = index_library()
    assert len(library) > 200
    land = np.random.default_rng(5).integers(300, 4500, (12, 20, 20)).astype(np.uint16)
    for one in library.values():
        values = one.formula.values(land[: len(one.formula.bands)])
        assert np.isfinite(values).mean() > 0.2, one.name  # AVI is a root that half of this ground has not
        assert one.title
        assert one.reference.startswith("http")


@pytest.mark.parametrize(
    ("name", "computed"),
    [
        ("EVI", lambda b: 2.5 * (b["B08"] - b["B04"]) / (b["B08"] + 6 * b["B04"] - 7.5 * b["B02"] + 1)),  # Huete 2002
        ("SAVI", lambda b: 2 * (b["B08"] - b["B04"]) / (b["B08"] + b["B04"] + 1)),
        ("NDREI", lambda b: (b["B08"] - b["B05"]) / (b["B08"] + b["B05"])),
        ("NBR2", lambda b: (b["B11"] - b["B12"]) / (b["B11"] + b["B12"])),
    ],
)
def test_well_known_indices_are_those_of_the_papers(name, computed):
    formula = index_library()[name].formula
    dn = np.arange(1000, 1000 + 700 * len(formula.bands), 700, dtype=np.uint16)
    reflectance = dict(zip(formula.bands, dn / 10_000, strict=True))
    assert formula.values(dn.reshape(-1, 1, 1))[0, 0] == pytest.approx(computed(reflectance), rel=1e-6)


def test_only_what_a_catalogue_has_is_offered():
    demo = {one.name for one in indices_of(bands_of("demo"))}
    assert {"EVI", "SAVI", "NDBI"} <= demo
    assert not {"NDREI", "MCARI", "AFRI1600x"} & demo  # the demo has no B05
    assert "NDREI" in {one.name for one in indices_of(bands_of("planetary-computer"))}
    assert [one.name for one in indices_of(bands_of("demo"), "two-band enhanced")] == ["EVI2"]


def test_a_formula_knows_its_index_again():
    text = formula_of("evi")
    assert text.startswith("EVI = 2.5 *")
    found = index_of(text)
    assert found is not None
    assert found.title == "Enhanced Vegetation Index"
    assert index_of("EVI = B08") is None
    with pytest.raises(InvalidInputError, match="'XYZ' is not in the library"):
        formula_of("XYZ")


def test_the_library_is_read_without_importing_its_package():
    code = (
        "import sys, stac_timelapse.picture.index_library as one; one.index_library(); "
        "sys.exit(bool({'spyndex', 'matplotlib', 'colorcet'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
