"""Every network of the papers, a row of a table each, and our own. Importing this brings no torch."""

from __future__ import annotations

from functools import cache

from models.catalogue import a2u, fusion, indexnet, pspm, rmat
from models.catalogue.spec import ModelSpec

__all__ = ["ModelSpec", "every_spec"]


@cache
def every_spec() -> dict[str, ModelSpec]:
    """All networks by name, in the order of the papers' tables, our own at the end of their families."""
    specs = [*indexnet.SPECS, *a2u.SPECS, *rmat.SPECS, *pspm.SPECS, *fusion.SPECS]
    found = {spec.name: spec for spec in specs}
    if len(found) < len(specs):
        names = [spec.name for spec in specs]
        raise ValueError(f"The catalogue names {', '.join(sorted({n for n in names if names.count(n) > 1}))} twice.")
    return found
