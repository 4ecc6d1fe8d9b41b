"""IndexNet matting and its baselines: Tables 3.3 and 3.4 of the thesis."""

from __future__ import annotations

from models.catalogue.spec import ModelSpec

SPECS: tuple[ModelSpec, ...] = ()
