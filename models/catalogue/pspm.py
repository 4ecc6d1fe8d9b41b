"""PSPM, portraits without a trimap: Tables 6.1 to 6.7."""

from __future__ import annotations

from models.catalogue.spec import ModelSpec

SPECS: tuple[ModelSpec, ...] = ()
