"""All pairs of operators, one after the other, on one set: each trained, judged and kept before the next is begun."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from models.evaluation.similarity import Similarity, similarity
from models.training.checkpointing import put_file, weights_file
from models.training.reconstruction.digits import Digits, enlarged, spread
from models.training.reconstruction.fitting import answers, build, fit
from models.training.reconstruction.results import Result, ResultsFile, key_of
from models.training.reconstruction.rows import Row
from models.training.reconstruction.schedule import Schedule
from models.training.reconstruction.sheet import sheet

Progress = Callable[[float, str], None]
_DRAWN = 16
"""How many pictures the sheet shows."""


@dataclass(frozen=True)
class Conditions:
    """What is the same for all pairs of operators of one comparison."""

    dataset: str
    schedule: Schedule
    seed: int = 1
    device: str = "cpu"
    judged: int = 0
    """How many of the pictures that are kept back they are judged by, spread over the file; 0 takes all."""

    def __post_init__(self) -> None:
        if self.judged < 0 or self.seed < 0:
            raise ValueError("The number of pictures to judge by is 0 (all) or more, and so is the seed.")

    def settings(self) -> dict[str, Any]:
        """The schedule as plain values, as a file gives them back."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self.schedule).items()}

    def key(self, row: Row) -> str:
        """What the row's result is found by."""
        return key_of(self.dataset, row.name, self.seed, self.settings())

    def weights_name(self, row: Row) -> str:
        """The file of the row's weights: another for each training."""
        return f"{self.dataset}-{row.name}-{hashlib.sha256(self.key(row).encode()).hexdigest()[:8]}.safetensors"


def compare(
    rows: Sequence[Row], digits: Digits, conditions: Conditions, kept: ResultsFile, progress: Progress
) -> list[Result]:
    """The results of ``rows``: those that ``kept`` holds already, the others trained now and added to it.

    What was judged by another number of pictures is judged again, by the weights that lie beside it. ``progress`` gets
    the share of all rows and what is being done. ``ValueError`` and ``OSError`` pass; what was finished is kept.
    """
    test = spread(digits.test, conditions.judged)
    found = {row.name: kept.get(conditions.key(row)) for row in rows}
    missing = [row for row in rows if found[row.name] is None]
    train = enlarged(spread(digits.train, conditions.schedule.images)) if missing else digits.train[:0]
    large = enlarged(test) if any(one is None or one.judged_by != len(test) for one in found.values()) else test[:0]
    for number, row in enumerate(missing):

        def told(share: float, text: str, row: Row = row, number: int = number) -> None:
            progress((number + share) / len(missing), f"{row.name} ({number + 1} of {len(missing)}), {text}")

        result = _trained(row, train, large, conditions, kept.folder, told)
        kept.add(result)
        progress((number + 1) / len(missing), f"{row.name}: {result.psnr:.2f} dB")
    for row in rows:
        before = found[row.name]
        if before is not None and before.judged_by != len(test):
            kept.add(_judged_again(row, before, large, kept.folder, conditions.device))
    results = [kept.get(conditions.key(row)) for row in rows]
    return [result for result in results if result is not None]


def _trained(
    row: Row,
    train: NDArray[np.uint8],
    test: NDArray[np.uint8],
    conditions: Conditions,
    folder: Path,
    progress: Progress,
) -> Result:
    """Train a row, keep its weights, and judge it."""
    fitted = fit(row, train, conditions.schedule, conditions.seed, progress, conditions.device)
    found = _measured(fitted.network, test, conditions.device)
    head = {"operators": row.name, "dataset": conditions.dataset, "seed": str(conditions.seed)}
    folder.mkdir(parents=True, exist_ok=True)
    put_file(folder / conditions.weights_name(row), weights_file(fitted.network.state_dict(), head))
    return Result(
        conditions.dataset, row.name, conditions.seed, conditions.settings(), **asdict(found), loss=fitted.loss,
        parameters=_parameters(fitted.network), operator_parameters=_parameters(fitted.network.operators),
        trained_on=len(train), judged_by=len(test), steps=fitted.steps, seconds=fitted.seconds,
        cpu_seconds=fitted.cpu_seconds, device=conditions.device, weights=conditions.weights_name(row),
    )  # fmt: skip


def trained_before(row: Row, result: Result, folder: Path, device: str = "cpu") -> nn.Module:
    """The network of a result, from its weights in ``folder``, to be asked; ``ValueError`` where they are not there."""
    network = build(row)
    try:
        network.load_state_dict(load_file(folder / result.weights))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ValueError(
            f"The weights {result.weights} in {folder} are missing or damaged. Start anew with another --out."
        ) from error
    return network.to(device).eval()


def draw(rows: Sequence[Row], results: Sequence[Result], digits: Digits, conditions: Conditions, folder: Path) -> Path:
    """Write what the networks of ``results`` make of some pictures kept back; the place of the PNG.

    ``ValueError`` where weights are missing, ``OSError`` passes.
    """
    truth = enlarged(spread(digits.test, _DRAWN))
    by_name = {row.name: row for row in rows}
    lines: dict[str, NDArray[np.float32]] = {}
    for result in results:
        network = trained_before(by_name[result.row], result, folder, conditions.device)
        lines[f"{by_name[result.row].title}, {result.psnr:.1f} dB"] = answers(network, truth, conditions.device)
    place = folder / f"sheet-{conditions.dataset}.png"
    put_file(place, sheet(truth, lines))
    return place


def _judged_again(row: Row, before: Result, test: NDArray[np.uint8], folder: Path, device: str) -> Result:
    """The result with the measures of the weights on ``test``."""
    found = _measured(trained_before(row, before, folder, device), test, device)
    return dataclasses.replace(before, **asdict(found), judged_by=len(test))


def _measured(network: nn.Module, test: NDArray[np.uint8], device: str) -> Similarity:
    return similarity(answers(network, test, device), test.astype(np.float32) / 255)


def _parameters(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())
