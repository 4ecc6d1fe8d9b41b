"""The shelf ``networks``: the papers' networks, the weights of them that are here, and import from files."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from editor.api import FoundWeights, ModelRow, ModelShelf, Progress, UserError, cache_dir, models_dir
from plugins.engines._explain import as_user_error

_FOREMOST = ("indexnet", "a2u", "rmat-m3", "pspm-b5")  # of each paper the network it ends with


class Networks(ModelShelf):
    """The networks of models/catalogue."""

    name: ClassVar[str] = "networks"
    title: ClassVar[str] = "Matting networks"

    def __init__(self) -> None:
        """Reads nothing yet."""
        from models.weight_store import WeightStore

        self._store = WeightStore(models_dir())

    def rows(self) -> tuple[ModelRow, ...]:
        """See the base class."""
        from models.catalogue import every_spec
        from models.catalogue.counts import Counts

        counts = Counts(cache_dir())
        return tuple(self._row(spec, counts) for spec in every_spec().values())

    def count(self, progress: Progress, name: str | None = None) -> None:
        """See the base class."""
        from models.catalogue.counts import Counts

        Counts(cache_dir()).count_all(progress, name)

    def examine(self, file: Path, network: str | None, progress: Progress) -> FoundWeights:
        """See the base class."""
        from models.licences import is_for_research_only
        from models.weight_store import sha256_of

        progress(0.0, f"Looking at {file.name}")
        match = _examined(file, network, lambda fraction, text: progress(fraction / 2, text))
        try:
            sha256 = sha256_of(file, lambda fraction, _: progress(0.5 + fraction / 2, f"Reading {file.name}"))
            size = file.stat().st_size
        except OSError as error:
            raise UserError(f"{file.name} cannot be read: {error.strerror}.", "Choose another file.") from error
        earlier = self._store.find(match.spec.name)
        return FoundWeights(
            file=file,
            name=match.spec.name,
            title=match.spec.title,
            layout=match.kind,
            licence=match.licence,
            research_only=is_for_research_only(match.licence),
            parameters=match.parameters,
            size_bytes=size,
            replaces=earlier is not None and earlier.origin == "imported",
            sha256=sha256,
        )

    def add(self, found: FoundWeights, progress: Progress) -> ModelRow:
        """See the base class."""
        from editor.document.part_file import explained
        from models.weight_store import sha256_of

        match = _examined(found.file, found.name, lambda fraction, text: progress(0.1 * fraction, text))
        checkpoints = _checkpoints()

        def write(part: Path) -> None:
            checkpoints.convert(match, part, found.sha256)
            if sha256_of(found.file) != found.sha256 or match.licence != found.licence:
                raise UserError(f"{found.file.name} has changed since it was looked at.", "Import it again.")
            progress(0.7, "Writing the weights")

        try:
            self._store.add(
                found.name, write, found.licence, checkpoints.shown(found.file), found.layout,
                lambda fraction, text: progress(0.7 + 0.3 * fraction, text),
            )  # fmt: skip
        except OSError as error:
            raise explained(error, models_dir() / f"{found.name}.safetensors") from error
        except ValueError as error:
            raise as_user_error(error) from error
        return next(row for row in self.rows() if row.name == found.name)

    def remove(self, name: str) -> None:
        """See the base class."""
        from models import spec

        try:
            self._store.remove(spec(name).name)
        except OSError as error:
            hint = "Close the programs that use them, and try again."
            raise UserError(f"The weights of {name} cannot be deleted: {error.strerror}.", hint) from error
        except ValueError as error:
            raise as_user_error(error) from error

    def _row(self, spec: Any, counts: Any) -> ModelRow:
        from models.licences import accepted

        row = ModelRow(
            name=spec.name,
            title=spec.title,
            family=spec.family,
            description=spec.description,
            table=spec.paper.table,
            row=spec.paper.row,
            note=spec.note,
            channels=spec.channels,
            stride=spec.stride,
            finds_trimap=spec.finds_trimap,
            code_licence=spec.licence,
            accepts=accepted(spec.family),
            paper_parameters_m=spec.paper.parameters_m,
            paper_gflops=spec.paper.gflops,
            parameters=spec.parameters,
            foremost=spec.name in _FOREMOST,
        )
        counted = counts.of(spec)
        if counted is not None:
            row = replace(row, parameters=counted.parameters, gflops=counted.gflops, macs=counted.macs)
        return self._with_weights(row)

    def _with_weights(self, row: ModelRow) -> ModelRow:
        weights = self._store.find(row.name)
        if weights is None:
            return row
        row = replace(
            row, weights="damaged" if weights.fault else weights.origin, fault=weights.fault, file=weights.path
        )
        if weights.record is None:
            return row
        record = weights.record
        date = record.date if weights.origin == "imported" else ""
        facts = {"licence": record.licence, "source": record.source, "imported": date}
        return replace(row, **facts, sha256=record.sha256, size_bytes=record.size_bytes)


def _checkpoints() -> Any:
    """The module that reads checkpoints, by name: it brings torch."""
    return importlib.import_module("models.networks.checkpoints")


def _examined(file: Path, network: str | None, progress: Progress) -> Any:
    try:
        return _checkpoints().examine(file, network, progress)
    except ValueError as error:
        raise as_user_error(error) from error


PLUGINS = [Networks]
