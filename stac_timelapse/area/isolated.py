"""Read a user's file in a process of its own, so that no file can stop, fill or look into the one that asks."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import shapely
from shapely.errors import ShapelyError

import stac_timelapse
from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area.formats import VectorContent
from stac_timelapse.errors import InvalidInputError

_log = logging.getLogger(__name__)

#: Most seconds and bytes of memory for one file.
SECONDS = 20.0
MEMORY = 1_000_000_000
#: How many files are read at once; others wait.
_TURNS = threading.BoundedSemaphore(2)
_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from stac_timelapse.area import reader_process; "
_PROGRAM += "reader_process.main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))"
#: What the process gets to know of the environment: where libraries are, and no secret.
_KNOWN = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "TEMP",
    "PROJ_DATA",
    "PROJ_LIB",
    "GDAL_DATA",
)
#: GDAL's vector drivers other than those of `ogr.DRIVERS`. Some read what a file names, on the disk or in the network.
_OTHER_DRIVERS = (
    "ADBC,AIVector,AmigoCloud,Arrow,AVCBin,AVCE00,CAD,Carto,CSV,CSW,DB2ODBC,DGN,DODS,DWG,DXF,EDIGEO,EEDA,Elasticsearch,"
    "ESRIJSON,FileGDB,GDALG,GeoJSON,GeoJSONSeq,GeoRSS,GML,GMLAS,GMT,GNMDatabase,GNMFile,GPSBabel,GPX,GTFS,HANA,HDF5,"
    "HTTP,IDB,Idrisi,Interlis 1,Interlis 2,JML,JP2OpenJPEG,JSONFG,KML,LIBKML,LIBOPENCAD,LVBAG,MapInfo File,MapML,"
    "MBTiles,MEM,Memory,MiraMonVector,MongoDBv3,MSSQLSpatial,MVT,MySQL,NAS,netCDF,NGW,OAPIF,OCI,ODBC,ODS,OGCAPI,OGDI,"
    "OGR_DODS,OGR_GMT,OGR_PDS,OGR_SDTS,OGR_VRT,OpenFileGDB,OSM,Parquet,PCIDSK,PDF,PDS4,PGDUMP,PGeo,PLSCENES,PMTiles,"
    "PostgreSQL,REC,S57,SDE,SDTS,SEGUKOOA,SEGY,Selafin,SOSI,SQLite,SVG,SXF,Tiger,TIGER,TileDB,TopoJSON,UK .NTF,VDV,"
    "VFK,VICAR,VRT,Walk,WAsP,WFS,XLS,XLSX,XODR,ZMap"
)
_GDAL = {
    "GDAL_SKIP": _OTHER_DRIVERS,
    "GDAL_DRIVER_PATH": "disable",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_NUM_THREADS": "1",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "OGR_SQLITE_PRAGMA": "trusted_schema=OFF",
    "PROJ_NETWORK": "OFF",
    "OPENBLAS_NUM_THREADS": "1",  # each thread would reserve memory
}


def read_isolated(data: bytes, filename: str) -> VectorContent:
    """Return what `formats.parse` finds, read by a process that has limits, no secrets and no way to write a file.

    Parameters
    ----------
    data
        The file's content.
    filename
        What the user calls it.

    Raises
    ------
    InvalidInputError
        What `formats.parse` raises, or if the reading takes too long or too much memory, or breaks down.
    """
    answer = _answer(data, filename)
    if "refused" in answer:
        raise InvalidInputError(str(answer["refused"]))
    if "memory" in answer:
        raise _too_much(filename)
    if "failed" in answer:
        _log.error("Reading %s failed:\n%s", filename, answer["failed"])
        raise InvalidInputError(f"{filename} cannot be read: something in it is not as expected. Export it again.")
    try:
        return VectorContent(
            tuple(AreaOfInterest(shapely.from_wkb(area["wkb"]), area["name"]) for area in answer["areas"]),
            tuple(Place(name, lon, lat) for name, lon, lat in answer["places"]),
            tuple(answer["skipped"]),
            AreaOfInterest(shapely.from_wkb(answer["whole"])) if answer["whole"] else None,
        )
    except (KeyError, TypeError, ValueError, ShapelyError) as error:
        raise _broken(filename) from error


def environment() -> dict[str, str]:
    """Return the environment of the process that reads."""
    return {name: os.environ[name] for name in _KNOWN if name in os.environ} | _GDAL


def _answer(data: bytes, filename: str) -> dict[str, Any]:
    # The same packages as here, whatever the path is made of.
    path = [str(Path(stac_timelapse.__file__).parents[1]), *sys.path]
    limits = [str(MEMORY), str(round(SECONDS) + 1)]
    command = [sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM, json.dumps(path), filename, *limits]
    with _TURNS:
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and program
                command,
                input=data,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                env=environment(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InvalidInputError(
                f"{filename} was not read within {SECONDS:.0f} seconds: save only the shapes that you need, "
                "or simplify them."
            ) from None
        except (OSError, ValueError) as error:  # no process, or a name that no command line can hold
            raise _broken(filename) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        _log.warning("Reading %s ended with code %s.", filename, done.returncode)
        raise _broken(filename) from error
    return answer if isinstance(answer, dict) else {}


def _broken(filename: str) -> InvalidInputError:
    return InvalidInputError(f"{filename} broke the reading off: it is damaged or unsafe. Export it again.")


def _too_much(filename: str) -> InvalidInputError:
    return InvalidInputError(
        f"{filename} needs more than {MEMORY / 1e9:.0f} GB of memory to read: save only the shapes that you need."
    )
