"""What a training leaves in its folder: a log, curves as CSV and PNG, sample mattes, the checkpoint and the weights."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from torch import nn

from models.training.checkpointing import CheckpointFolder, put_file, weights_file
from models.training.curve import draw

Row = Mapping[str, float]


class RunFolder:
    """One training's folder. Made when it is first written to; ``OSError`` passes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoints = CheckpointFolder(folder / "checkpoint")
        self.curve = Table(folder / "curve.csv")
        self.judgements = Table(folder / "validation.csv")

    def say(self, text: str) -> None:
        """A line with the time to the log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        with (self.folder / "train.log").open("a", encoding="utf-8") as file:
            file.write(f"{now} {text}\n")

    def forget_after(self, step: int) -> None:
        """Drop what the curves tell of steps after a checkpoint: these are gone through again."""
        for table in (self.curve, self.judgements):
            table.forget_after(step)

    def draw_curve(self, title: str) -> None:
        """Write curve.png anew from what the tables hold; nothing where they are empty."""
        rows = self.curve.rows()
        if rows:
            put_file(self.folder / "curve.png", draw(rows, self.judgements.rows(), title))

    def show_samples(self, step: int, strips: Sequence[np.ndarray]) -> None:
        """Write samples/step-N.png: strips (h, w, 3) float32 in [0, 1] below each other, of any sizes."""
        place = self.folder / "samples" / f"step-{step:08d}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        widest = max(strip.shape[1] for strip in strips)
        even = [np.pad(strip, ((0, 0), (0, widest - strip.shape[1]), (0, 0))) for strip in strips]
        sheet = np.round(np.concatenate(even) * 255).astype(np.uint8)
        done, content = cv2.imencode(".png", np.ascontiguousarray(sheet[..., ::-1]))
        if done:
            put_file(place, content.tobytes())

    def deliver(self, name: str, network: nn.Module, head: Mapping[str, str]) -> Path:
        """Write the weights as NAME.safetensors, as `mattelier models import` takes them; where they are."""
        place = self.folder / f"{name}.safetensors"
        put_file(place, weights_file(network.state_dict(), head))
        return place


class Table:
    """Rows of numbers in a CSV; each has a step."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._columns: tuple[str, ...] = ()

    def add(self, row: Row) -> None:
        """Append a row. Other names than before give the file new columns."""
        if not self._columns or not set(row) <= set(self._columns):
            self._write([*self.rows(), row])
            return
        with self.place.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self._columns).writerow({name: f"{value:.8g}" for name, value in row.items()})

    def rows(self) -> list[dict[str, float]]:
        """What it holds; nothing for a file that is not there. A line that was cut off is left out."""
        if not self.place.exists():
            return []
        with self.place.open(encoding="utf-8", newline="") as file:
            read = [_numbers(row) for row in csv.DictReader(file)]
        return [row for row in read if "step" in row]

    def forget_after(self, step: int) -> None:
        """Drop the rows of later steps."""
        rows = self.rows()
        if rows:
            self._write([row for row in rows if row["step"] <= step])

    def _write(self, rows: Sequence[Row]) -> None:
        self._columns = tuple(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self._columns)
        writer.writeheader()
        writer.writerows({name: f"{value:.8g}" for name, value in row.items()} for row in rows)
        self.place.parent.mkdir(parents=True, exist_ok=True)
        put_file(self.place, text.getvalue().encode())


def _numbers(row: Mapping[str | None, str | None]) -> dict[str, float]:
    """The numbers of a line; none where one of them is not a number."""
    try:
        return {name: float(value) for name, value in row.items() if name and value}
    except (TypeError, ValueError):
        return {}
