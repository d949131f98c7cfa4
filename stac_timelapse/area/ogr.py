"""Read the layers of GeoPackages, Shapefiles and FlatGeobufs; the only module that speaks to GDAL's vector part."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio import raw
from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from stac_timelapse.area.found import MAX_SHAPES
from stac_timelapse.area.geojson import Feature, simple_parts, to_lonlat
from stac_timelapse.area.naming import candidates, names_of
from stac_timelapse.area.notes import Notes
from stac_timelapse.errors import InvalidInputError

#: The drivers that may read a file; GDAL would also find others for it, some of which open what a file names.
DRIVERS = ("GPKG", "ESRI Shapefile", "FlatGeobuf")
#: The last is how pyogrio says that a dataset has no layer.
_DEFECTS = (CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError, IndexError)
_DEGREES = (360.0, 90.0)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer to read.

    Parameters
    ----------
    data
        The dataset, as bytes that GDAL can open.
    name
        Of the layer in the dataset; empty for its only one.
    title
        What its user calls it.
    encoding
        Of its texts; None for what the dataset says.
    """

    data: bytes
    name: str
    title: str
    encoding: str | None = None


def read_layers(layers: Sequence[Layer], filename: str, notes: Notes) -> list[Feature]:
    """Return the shapes of all layers; a layer that cannot be used is noted and does not spoil the others.

    Parameters
    ----------
    layers
        See `Layer`.
    filename
        Its name, for the sentence of an error.
    notes
        What was assumed or left out is added to it.

    Returns
    -------
    list of Feature
        In lon/lat degrees, heights dropped, collections taken apart.

    Raises
    ------
    InvalidInputError
        If no layer can be used.
    """
    features: list[Feature] = []
    problems: list[tuple[str, str]] = []
    for layer in layers:
        try:
            features += _read(layer, len(layers) > 1, notes)
        except InvalidInputError as error:
            problems.append((layer.title, str(error)))
    if len(problems) == len(layers):
        raise InvalidInputError(f"{filename} cannot be used. {problems[0][1] if problems else 'It has no map layer.'}")
    for title, sentence in problems:
        notes.refuse("layer", title, sentence)
    return features


def _read(layer: Layer, several: bool, notes: Notes) -> list[Feature]:  # noqa: FBT001
    shapes, names, crs = _opened(layer)
    if len(shapes) > MAX_SHAPES:
        raise InvalidInputError(
            f"The layer {layer.title!r} holds more than {MAX_SHAPES} shapes: save only those of your area."
        )
    if several and len(shapes) == 1 and not names[0]:
        names = [layer.title]
    geometries = [_geometry(shape) for shape in shapes]
    if not crs:
        _assume_degrees(layer, [each for each in geometries if each is not None], notes)
    return [feature for each in zip(shapes, geometries, names, strict=True) for feature in _features(*each, crs)]


def _opened(layer: Layer) -> tuple[Sequence[bytes | None], list[str], str]:
    """Return the shapes as WKB, their names, and the coordinate system of a layer."""
    chosen: dict[str, Any] = {"layer": layer.name} if layer.name else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about extensions and logs, which a file in memory has not
            if layer.encoding is not None:
                chosen["encoding"] = layer.encoding
            about = pyogrio.read_info(layer.data, **chosen)
            fields = candidates(str(field) for field in about["fields"])
            if about["driver"] not in DRIVERS:
                raise InvalidInputError("It is not what it says to be: export it again.")
            _, _, shapes, columns = raw.read(
                layer.data, columns=fields, force_2d=True, max_features=MAX_SHAPES + 1, **chosen
            )
    except UnicodeDecodeError:
        if layer.encoding is None:
            raise InvalidInputError("Its texts cannot be decoded: export it again as UTF-8.") from None
        return _opened(Layer(layer.data, layer.name, layer.title))
    except _DEFECTS as error:
        raise InvalidInputError(f"The layer {layer.title!r} is damaged: it cannot be read. Export it again.") from error
    shapes = [] if shapes is None else shapes
    values = {field: column.tolist() for field, column in zip(_in_order(fields, about), columns, strict=True)}
    return shapes, names_of({field: values[field] for field in fields}, len(shapes)), _crs_of(about)


def _crs_of(about: dict[str, Any]) -> str:
    crs = str(about["crs"] or "")
    # What a GeoPackage has for "none" (its srs_id is -1).
    return "" if "Undefined Cartesian" in crs else crs


def _in_order(fields: Sequence[str], about: dict[str, Any]) -> list[str]:
    # The columns come in the layer's order, not in the order asked for.
    return [str(field) for field in about["fields"] if field in fields]


def _geometry(shape: bytes | None) -> BaseGeometry | None:
    try:
        with np.errstate(invalid="ignore"):  # of a corner that is not a number, which is refused later
            return None if shape is None else shapely.from_wkb(shape)
    except ShapelyError:
        return None


def _features(shape: bytes | None, geometry: BaseGeometry | None, name: str, crs: str) -> Iterator[Feature]:
    if shape is None:
        yield Feature(None, name)
        return
    if geometry is None:
        yield Feature(None, name, "Its kind of geometry cannot be read.")
        return
    for part in simple_parts(geometry):
        try:
            yield Feature(to_lonlat(part, crs), name)
        except InvalidInputError as error:
            yield Feature(None, name, str(error))


def _assume_degrees(layer: Layer, geometries: Sequence[BaseGeometry], notes: Notes) -> None:
    corners = np.abs(shapely.get_coordinates(geometries))
    if corners.size and not (corners <= _DEGREES).all():
        raise InvalidInputError(
            f"The layer {layer.title!r} does not say its coordinate system, and its numbers are no degrees: "
            "add its .prj file to the archive, or export it in longitude and latitude."
        )
    if corners.size:
        notes.remarks.append(
            f"The layer {layer.title!r} does not say its coordinate system (a Shapefile has it in a .prj file): "
            "its numbers are taken as longitude and latitude."
        )
