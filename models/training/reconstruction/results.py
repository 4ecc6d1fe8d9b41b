"""What was measured of each pair of operators: kept in one file, replaced whole after each, and gone on from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from models.training.checkpointing import put_file

FORMAT = 1
RESULTS = "results.json"


@dataclass(frozen=True)
class Result:
    """One pair of operators, trained once and judged by pictures that it had not seen.

    The measures are those of ``models.evaluation.similarity``. ``seconds`` of training are those of the wall clock,
    ``cpu_seconds`` what all threads worked in them.
    """

    dataset: str
    row: str
    seed: int
    schedule: Mapping[str, Any]
    psnr: float
    ssim: float
    ssim_stacked: float
    mae: float
    rmse: float
    loss: float
    parameters: int
    operator_parameters: int
    trained_on: int
    judged_by: int
    steps: int
    seconds: float
    cpu_seconds: float
    device: str
    weights: str
    """The name of the file with its weights, in the same folder."""

    @property
    def key(self) -> str:
        """The same for trainings that must come to the same."""
        return key_of(self.dataset, self.row, self.seed, self.schedule)


def key_of(dataset: str, row: str, seed: int, schedule: Mapping[str, Any]) -> str:
    """What a result is found by: everything that decides it."""
    return json.dumps([dataset, row, seed, dict(schedule)], sort_keys=True)


class ResultsFile:
    """The results in a folder: ``results.json`` to go on from, ``results.csv`` for a spreadsheet."""

    def __init__(self, folder: Path) -> None:
        """Read what is there. ``ValueError`` with a sentence where that is damaged or of something else."""
        self.folder = folder
        self._held = {result.key: result for result in _read(folder / RESULTS)}

    def __len__(self) -> int:
        """How many results it holds."""
        return len(self._held)

    def get(self, key: str) -> Result | None:
        """The result with that ``key_of``, if it was measured before."""
        return self._held.get(key)

    def add(self, result: Result) -> None:
        """Keep a result, on the disk before this returns. ``OSError`` leaves the files as they were."""
        held = {**self._held, result.key: result}
        self.folder.mkdir(parents=True, exist_ok=True)
        whole = {"format": FORMAT, "results": [asdict(one) for one in held.values()]}
        put_file(self.folder / RESULTS, json.dumps(whole, indent=1).encode())
        put_file(self.folder / "results.csv", _csv(list(held.values())).encode())
        self._held = held


def _read(place: Path) -> list[Result]:
    if not place.exists():
        return []
    try:
        whole = json.loads(place.read_text("utf-8"))
        if whole["format"] != FORMAT:
            raise ValueError("another format")
        return [Result(**one) for one in whole["results"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{place} is damaged, or no results of this. Choose another folder with --out.") from error


def _csv(results: Sequence[Result]) -> str:
    """A line each, with the schedule's settings as columns."""
    out = io.StringIO(newline="")
    lines = [{**_flat(asdict(result)["schedule"]), **asdict(result)} for result in results]
    names = [field.name for field in fields(Result) if field.name != "schedule"]
    settings = dict.fromkeys(name for line in lines for name in line if name.startswith("schedule."))
    writer = csv.DictWriter(out, [*names, *settings], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def _flat(schedule: Mapping[str, Any]) -> dict[str, Any]:
    return {f"schedule.{name}": value for name, value in schedule.items()}
