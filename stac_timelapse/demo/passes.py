"""One pass of the satellite: its granules on disk, and their items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stac_timelapse.demo.items import footprint, item_id, make_item
from stac_timelapse.demo.spec import COLLECTION, DemoSpec, PassPlan
from stac_timelapse.demo.writer import OFFSET, granule_pixels, observe, write_granule


def make_pass(work: Path, spec: DemoSpec, plan: PassPlan) -> list[dict[str, Any]]:
    """Write the granules of one pass and return their items."""
    seen = [tile for tile in spec.tiles if footprint(plan, tile) is not None]
    if not seen:
        return []
    overflight = observe(plan, spec)
    items = []
    for tile in seen:
        versions = (False, True) if plan.twin and tile is spec.tiles[0] else (False,)
        for reprocessed in versions:
            offset = OFFSET if reprocessed or plan.has_offset else 0
            pixels = granule_pixels(overflight, tile, offset)
            write_granule(work / COLLECTION / item_id(plan, tile, reprocessed=reprocessed), tile, pixels, offset)
            items.append(make_item(plan, tile, pixels["SCL"], offset, reprocessed=reprocessed))
    return items
