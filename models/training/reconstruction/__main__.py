"""Tables 3.2 and 4.1 of the thesis, measured anew: which operators keep what a small encoder and decoder would lose.

    python -m models.training.reconstruction --out FOLDER [--set fashion] [--schedule short] [--resume]

Prints the table beside the papers' figures and whether it bears out their claims; the folder holds results.json,
results.csv, table.md, the weights, and sheet-SET.png: what each network makes of the same pictures.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from models.networks.device import DEVICES, choose_device
from models.training.checkpointing import put_file
from models.training.reconstruction.digits import USUAL_FOLDER, read_digits
from models.training.reconstruction.experiment import Conditions, compare, draw
from models.training.reconstruction.report import claims, markdown_table, text_table
from models.training.reconstruction.results import Result, ResultsFile
from models.training.reconstruction.rows import ROWS, SET_TITLES, SETS, rows_of
from models.training.reconstruction.schedule import SCHEDULES, Schedule

_TELL_EVERY_S = 15.0


class Teller:
    """Prints a line now and then: the share done, what is being done, and the minutes left."""

    def __init__(self) -> None:
        self._begun = self._told = time.perf_counter()

    def __call__(self, fraction: float, text: str) -> None:
        """``fraction`` of the whole in [0, 1]."""
        now = time.perf_counter()
        if now - self._told < _TELL_EVERY_S and " dB" not in text:
            return
        self._told = now
        left = (now - self._begun) / fraction * (1 - fraction) / 60 if fraction else float("nan")
        print(f"{fraction:4.0%}  {text}, about {left:.0f} min left", file=sys.stderr, flush=True)


def run(chosen: argparse.Namespace) -> list[Result]:
    """Compare as the command line says; the results of all its sets. ``ValueError`` with a sentence for bad input."""
    rows = {dataset: rows_of(dataset, chosen.operators) for dataset in chosen.set}
    schedule = chosen_schedule(chosen)
    device = choose_device(chosen.device).device
    digits = {dataset: read_digits(chosen.data, dataset) for dataset in chosen.set}
    kept = ResultsFile(chosen.out)
    if len(kept) and not chosen.resume:
        raise ValueError(f"{chosen.out} holds results already. Go on from them with --resume, or choose another --out.")
    results: list[Result] = []
    for dataset in chosen.set:
        print(f"{SET_TITLES[dataset]}, {len(rows[dataset])} pairs of operators: {schedule}", file=sys.stderr)
        conditions = Conditions(dataset, schedule, chosen.seed, device, chosen.judged)
        found = compare(rows[dataset], digits[dataset], conditions, kept, Teller())
        draw(rows[dataset], found, digits[dataset], conditions, chosen.out)
        results += found
    put_file(chosen.out / "table.md", (markdown_table(results) + "\n").encode())
    return results


def chosen_schedule(chosen: argparse.Namespace) -> Schedule:
    """The named schedule with what the command line changes of it."""
    named = {name: getattr(chosen, name) for name in ("epochs", "images", "batch", "rate", "momentum")}
    return dataclasses.replace(
        SCHEDULES[chosen.schedule], **{name: value for name, value in named.items() if value is not None}
    )


def told(results: Sequence[Result]) -> str:
    """The table, and under it each claim of the papers with yes or no and the figures, for each set."""
    parts = [text_table(results)]
    for dataset, title in SET_TITLES.items():
        found = claims([result for result in results if result.dataset == dataset])
        parts += [f"{title}: {'yes' if claim.holds else 'NO '}  {claim.text} ({claim.figures})" for claim in found]
    return "\n".join(parts)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m models.training.reconstruction",
        description="Compare operators on a small task (Tables 3.2, 4.1).",
    )
    made.add_argument("--out", type=Path, default=Path("out/reconstruction"), help="the folder of the results")
    made.add_argument("--data", type=Path, default=USUAL_FOLDER, help="the folder of fashion_mnist.npz and mnist.npz")
    made.add_argument("--set", nargs="+", choices=SETS, default=["fashion"], help="one or both, one after the other")
    made.add_argument("--operators", nargs="+", default=(), metavar="NAME", help=", ".join(row.name for row in ROWS))
    made.add_argument("--schedule", choices=tuple(SCHEDULES), default="short")
    made.add_argument("--epochs", type=int, help="the rate falls at the same shares of them as in the schedule")
    made.add_argument("--images", type=int, help="train on so many pictures; 0 on all")
    made.add_argument("--judged", type=int, default=1000, help="judge by so many of those kept back; 0 by all")
    made.add_argument("--batch", type=int)
    made.add_argument("--rate", type=float)
    made.add_argument("--momentum", type=float)
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--device", choices=DEVICES, default="auto")
    made.add_argument("--threads", type=int, help="how many processor threads; all without")
    made.add_argument("--resume", action="store_true", help="keep what the folder holds and do the rest")
    return made


def main(words: Sequence[str] | None = None) -> int:
    """Compare and print; 2 with a sentence where something is wrong, 130 where it was stopped."""
    chosen = parser().parse_args(words)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    try:
        print(told(run(chosen)))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"Stopped. What was finished is in {chosen.out}: go on with --resume.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
