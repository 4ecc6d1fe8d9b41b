"""What was measured: one result per engine, photo and trimap, its file on disk, and the means that go into a table."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

UNKNOWN_SET = ("sad", "mse", "grad", "conn")
WHOLE_SET = ("sad_f", "mse_f", "grad_f", "conn_f")
_HEAD = b'{"key": '
_COSTS = ("seconds", "cpu_seconds", "peak_mib")
MEASURES = (*UNKNOWN_SET, *WHOLE_SET, "mad", "sad_whole", *_COSTS)


@dataclass(frozen=True)
class Result:
    """One engine on one photo with one trimap.

    ``sad``, ``mse``, ``grad``, ``conn`` are taken over the unknown pixels, in the units of the thesis' chapters 3 to 5
    (SAD, Grad and Conn in thousands). ``sad_f`` to ``conn_f`` are chapter 6's second set: over the whole photo, each
    divided by its number of pixels (for MSE that is the plain mean). ``mad``, the mean absolute difference, is
    therefore the same number as ``sad_f``; ``sad_whole`` is SAD over the whole photo in thousands. ``seconds`` are
    those of the wall clock, ``cpu_seconds`` what all threads of the process used together.
    """

    key: str
    engine: str
    dataset: str
    photo: str
    trimap: str
    distance_px: int | None
    width: int
    height: int
    unknown_pixels: int
    sad: float
    mse: float
    grad: float
    conn: float
    sad_f: float
    mse_f: float
    grad_f: float
    conn_f: float
    mad: float
    sad_whole: float
    seconds: float
    cpu_seconds: float
    before_mib: float
    peak_mib: float
    memory_how: str
    device: str


def key_of(facts: dict[str, Any], files: Iterable[Path]) -> str:
    """Return a key that changes with any of ``facts`` (plain JSON values) and with the size or time of any file.

    ``OSError`` for a file that is not there.
    """
    stamps = [(path.name, (stat := path.stat()).st_size, stat.st_mtime_ns) for path in files]
    return hashlib.sha256(json.dumps([facts, stamps], sort_keys=True).encode()).hexdigest()[:32]


def is_result_log(path: Path) -> bool:
    """False for a file of something else, which must be neither added to nor deleted; True for none and an empty one.

    ``OSError`` where it cannot be read.
    """
    if not path.exists():
        return True
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(len(_HEAD))
    return head == _HEAD[: len(head)]


class ResultLog:
    """Results in a file of JSON lines, each on the disk before the next is begun; a killed run loses one at most."""

    def __init__(self, path: Path | None) -> None:
        """Open ``path``, made with the first result; None keeps nothing. Lines that are no results are passed over."""
        self._path = path
        self._found: dict[str, Result] = {}
        if path is not None and path.is_file():
            for line in path.read_text("utf-8", errors="replace").splitlines():
                result = _parsed(line)
                if result is not None:
                    self._found[result.key] = result

    def __len__(self) -> int:
        """How many results it holds."""
        return len(self._found)

    def get(self, key: str) -> Result | None:
        """The result with that key, if it was measured before."""
        return self._found.get(key)

    def add(self, result: Result) -> None:
        """Append a result. ``OSError`` where the file cannot be written."""
        self._found[result.key] = result
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab+") as file:
            line = json.dumps(asdict(result), ensure_ascii=False).encode() + b"\n"
            file.write(line if _ends_whole(self._path) else b"\n" + line)  # a killed run may leave half a line
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True)
class Mean:
    """An engine's means over the photos that it was measured on with one kind of trimap."""

    engine: str
    trimap: str
    photos: int
    device: str
    values: dict[str, float]
    """By the names in ``MEASURES``; of ``peak_mib`` the largest, not the mean."""


def means(results: Sequence[Result]) -> list[Mean]:
    """One mean per engine and kind of trimap, in the order in which they first appear."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.engine, result.trimap), []).append(result)
    made: list[Mean] = []
    for (engine, trimap), group in groups.items():
        values = {name: sum(float(getattr(r, name)) for r in group) / len(group) for name in MEASURES}
        values["peak_mib"] = max(r.peak_mib for r in group)
        made.append(Mean(engine, trimap, len(group), ", ".join(dict.fromkeys(r.device for r in group)), values))
    order = list(dict.fromkeys(mean.engine for mean in made))
    return sorted(made, key=lambda mean: order.index(mean.engine))


def table(results: Sequence[Result], every_photo: bool = False) -> str:
    """The means as text, a line each; with ``every_photo`` a line per photo before them."""
    head = "engine|trimap|photo|SAD|MSE|Grad|Conn|SAD_f|MSE_f|Grad_f|Conn_f|s|CPU s|MiB|device"
    rows = [head.split("|")]
    if every_photo:
        rows += [
            [r.engine, r.trimap, r.photo, *_numbers({name: getattr(r, name) for name in MEASURES}), r.device]
            for r in results
        ]
    rows += [[m.engine, m.trimap, f"mean of {m.photos}", *_numbers(m.values), m.device] for m in means(results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    names = 3  # the first columns are words, the rest but the last numbers
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < names or column == len(row) - 1 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def csv_text(results: Sequence[Result]) -> str:
    """Every result with all its fields, as CSV with a header."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Result) if field.name != "key"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(asdict(result) for result in results)
    return out.getvalue()


def _numbers(values: dict[str, float]) -> list[str]:
    digits = {"mse": 4, **dict.fromkeys(WHOLE_SET, 4), "seconds": 2, "cpu_seconds": 2, "peak_mib": 0}
    return [f"{values[name]:.{digits.get(name, 3)}f}" for name in (*UNKNOWN_SET, *WHOLE_SET, *_COSTS)]


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _parsed(line: str) -> Result | None:
    """The result in a line; None for half a line and for what another program wrote."""
    try:
        return Result(**json.loads(line))
    except (ValueError, TypeError):
        return None
