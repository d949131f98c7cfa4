"""Look into a GeoPackage before GDAL does: which tables hold maps, and whether any reaches beyond the file."""

from __future__ import annotations

import sqlite3

from stac_timelapse.area.notes import Notes
from stac_timelapse.errors import InvalidInputError

#: How an SQLite file begins.
START = b"SQLite format 3\x00"
_LAYERS = """
    SELECT c.table_name, m.type FROM gpkg_contents c JOIN sqlite_master m ON lower(m.name) = lower(c.table_name)
    WHERE c.data_type = 'features' ORDER BY c.rowid
"""
_VIRTUAL = "SELECT count(*) FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%' AND sql NOT LIKE '% USING rtree%'"


def layers_of(data: bytes, filename: str, notes: Notes) -> list[str]:
    """Return the names of the tables that hold features, in their order.

    Views are left out, and noted: what one computes is a program in the file.

    Raises
    ------
    InvalidInputError
        If the file is damaged, another kind of SQLite database, or has virtual tables, which may read other files.
    """
    # Python has no connection that closes with its block.
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(without_journal(data))
        # Before any query: a schema with functions in it does not run them.
        connection.execute("PRAGMA trusted_schema = OFF")
        if connection.execute(_VIRTUAL).fetchone()[0]:
            raise InvalidInputError(
                f"{filename} has virtual tables, which are not read for safety: save only its map layers."
            )
        tables = {name.lower() for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if "gpkg_contents" not in tables:
            raise InvalidInputError(
                f"{filename} is an SQLite database but not a GeoPackage: save the area as a GeoPackage."
            )
        layers = connection.execute(_LAYERS).fetchall()
    except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
        raise InvalidInputError(f"{filename} is damaged: it cannot be opened. Export it again.") from error
    finally:
        connection.close()
    views = [name for name, kind in layers if kind != "table"]
    if views:
        notes.remarks.append(f"The view {views[0]!r} was left out: only tables are read.")
    return [str(name) for name, kind in layers if kind == "table"]


def without_journal(data: bytes) -> bytes:
    """Return the file as one that is not being written: a map program leaves the mark of its write-ahead log in it."""
    return data[:18] + b"\x01\x01" + data[20:] if data[18:20] == b"\x02\x02" else data
