"""All pairs of operators, one after the other, on one set: each trained, judged and kept before the next is begun."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from torch import nn

from models.evaluation.similarity import similarity
from models.training.checkpointing import put_file, weights_file
from models.training.reconstruction.digits import Digits, enlarged
from models.training.reconstruction.fitting import Fitted, answers, fit
from models.training.reconstruction.results import Result, ResultsFile, key_of
from models.training.reconstruction.rows import Row
from models.training.reconstruction.schedule import Schedule

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Conditions:
    """What is the same for all pairs of operators of one comparison."""

    dataset: str
    schedule: Schedule
    seed: int = 1
    device: str = "cpu"

    def settings(self) -> dict[str, Any]:
        """The schedule as plain values, as a file gives them back."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self.schedule).items()}

    def key(self, row: Row) -> str:
        """What the row's result is found by."""
        return key_of(self.dataset, row.name, self.seed, self.settings())


def compare(
    rows: Sequence[Row], digits: Digits, conditions: Conditions, kept: ResultsFile, progress: Progress
) -> list[Result]:
    """The results of ``rows``: those that ``kept`` holds already, the others trained now and added to it.

    ``progress`` gets the share of all rows and what is being done. The weights of each network go into the same folder.
    ``ValueError`` and ``OSError`` pass; what was finished before is kept.
    """
    missing = [row for row in rows if kept.get(conditions.key(row)) is None]
    train = enlarged(digits.train[: conditions.schedule.images or None]) if missing else digits.train[:0]
    test = enlarged(digits.test[: conditions.schedule.judged or None]) if missing else digits.test[:0]
    for number, row in enumerate(missing):

        def told(share: float, text: str, row: Row = row, number: int = number) -> None:
            progress((number + share) / len(missing), f"{row.name} ({number + 1} of {len(missing)}), {text}")

        fitted = fit(row, train, conditions.schedule, conditions.seed, told, conditions.device)
        result = judged(row, fitted, test, conditions, len(train))
        name = f"{conditions.dataset}-{conditions.schedule.name}-{row.name}.safetensors"
        kept.folder.mkdir(parents=True, exist_ok=True)
        head = {"operators": row.name, "dataset": conditions.dataset, "seed": str(conditions.seed)}
        put_file(kept.folder / name, weights_file(fitted.network.state_dict(), head))
        kept.add(result)
        progress((number + 1) / len(missing), f"{row.name}: {result.psnr:.2f} dB")
    found = [kept.get(conditions.key(row)) for row in rows]
    return [result for result in found if result is not None]


def judged(row: Row, fitted: Fitted, test: np.ndarray, conditions: Conditions, trained_on: int) -> Result:
    """The result of a trained network by ``test`` (count, 32, 32) uint8."""
    truth = test.astype(np.float32) / 255
    found = similarity(answers(fitted.network, test, conditions.device), truth)
    return Result(
        conditions.dataset, row.name, conditions.seed, conditions.settings(),
        found.psnr, found.ssim, found.mae, found.rmse, fitted.loss,
        _parameters(fitted.network), _parameters(fitted.network.operators),
        trained_on, len(test), fitted.steps, fitted.seconds, fitted.cpu_seconds, conditions.device,
    )  # fmt: skip


def _parameters(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())
