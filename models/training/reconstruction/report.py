"""The results as a table beside what the papers print, and whether they bear out what the papers claim."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from models.training.reconstruction.results import Result
from models.training.reconstruction.rows import ROWS, SET_TITLES, Printed

HEAD = (
    *("operators", "", "parameters", "of operators"),
    *("PSNR", "SSIM", "SSIM each", "MAE", "MSE"),
    *("paper: PSNR", "SSIM", "MAE", "MSE"),
)
_WORDS = 2


@dataclass(frozen=True)
class Claim:
    """What the papers say of the operators, and whether these results say so too; ``figures`` are both sides'."""

    text: str
    holds: bool
    figures: str


def lines_of(results: Sequence[Result]) -> list[list[str]]:
    """A line for each result of one set, in the tables' order: ours, then what the papers print.

    As the papers' columns: MSE is the root of the mean square error, SSIM that of stacks (evaluation.similarity says
    why); "SSIM each" is the usual one, picture by picture.
    """
    by_row = {result.row: result for result in results}
    return [_line(row.title, row.kind, by_row[row.name], row.printed(by_row[row.name].dataset))
            for row in ROWS if row.name in by_row]  # fmt: skip


def text_table(results: Sequence[Result]) -> str:
    """The lines in columns for a terminal, a table for each set."""
    return _for_each_set(results, _columns)


def markdown_table(results: Sequence[Result]) -> str:
    """The same as markdown."""
    return _for_each_set(results, _markdown)


def claims(results: Sequence[Result]) -> list[Claim]:
    """The papers' claims, on the results of one set; those whose operators are not all there are left out."""
    psnr = {result.row: result.psnr for result in results}
    size = {result.row: result.operator_parameters for result in results}
    found = [_guided_over_blind(psnr)] if _both_kinds(psnr) else []
    order = ("indexed-m2o", "indexed-holistic", "indexed-modelwise")
    for better, worse in itertools.pairwise(order):
        found += _over(psnr, better, worse)
    for other in ("max-holistic", "max-m2o"):
        found += _over(psnr, "max-a2u", other)
        if "max-a2u" in size and other in size:
            figures = f"{size['max-a2u']:,} and {size[other]:,}"
            text = f"{_title('max-a2u')} has fewer parameters than {_title(other)}"
            found.append(Claim(text, size["max-a2u"] < size[other], figures))
    return found


def _both_kinds(psnr: Mapping[str, float]) -> bool:
    return {row.kind for row in ROWS if row.name in psnr} == {"blind", "guided"}


def _guided_over_blind(psnr: Mapping[str, float]) -> Claim:
    guided = {row.title: psnr[row.name] for row in ROWS if row.name in psnr and row.kind == "guided"}
    blind = {row.title: psnr[row.name] for row in ROWS if row.name in psnr and row.kind == "blind"}
    worst, best = min(guided, key=guided.__getitem__), max(blind, key=blind.__getitem__)
    figures = f"{worst} {guided[worst]:.2f} dB, {best} {blind[best]:.2f} dB"
    return Claim("every guided pair is above every blind one", guided[worst] > blind[best], figures)


def _over(psnr: Mapping[str, float], better: str, worse: str) -> list[Claim]:
    if better not in psnr or worse not in psnr:
        return []
    figures = f"{psnr[better]:.2f} and {psnr[worse]:.2f} dB"
    return [Claim(f"{_title(better)} is above {_title(worse)}", psnr[better] > psnr[worse], figures)]


def _title(name: str) -> str:
    return next(row.title for row in ROWS if row.name == name)


def _line(title: str, kind: str, ours: Result, printed: Sequence[Printed]) -> list[str]:
    figures = [_figures(one.psnr, one.ssim, one.mae, one.rmse) for one in printed] or [["", "", "", ""]]
    papers = [" / ".join(column) for column in zip(*figures, strict=True)]
    mine = _figures(ours.psnr, ours.ssim_stacked, ours.mae, ours.rmse)
    mine.insert(2, f"{ours.ssim:.4f}")
    counts = [f"{ours.parameters:,}", f"{ours.operator_parameters:,}"]
    return [title, kind, *counts, *mine, *papers]


def _figures(psnr: float, ssim: float, mae: float, rmse: float) -> list[str]:
    return [f"{psnr:.2f}", f"{ssim:.4f}", f"{mae:.4f}", f"{rmse:.4f}"]


def _for_each_set(results: Sequence[Result], draw: Callable[[Sequence[Sequence[str]]], str]) -> str:
    parts: list[str] = []
    for dataset, title in SET_TITLES.items():
        of_set = [result for result in results if result.dataset == dataset]
        if of_set:
            parts.append(f"{title}\n\n{draw([list(HEAD), *lines_of(of_set)])}")
    return "\n\n".join(parts)


def _columns(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(_padded(number, cell, widths[number]) for number, cell in enumerate(line)).rstrip()
                     for line in lines)  # fmt: skip


def _padded(number: int, cell: str, width: int) -> str:
    return cell.ljust(width) if number < _WORDS else cell.rjust(width)


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * _WORDS + ["---:"] * (len(lines[0]) - _WORDS)
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))
