"""The course of a training as a picture: the loss, and the errors on what was kept back."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLES = {"sad": "SAD, thousands", "mse": "MSE", "grad": "Grad, thousands", "conn": "Conn, thousands"}
_SMOOTH_OVER = 25

Rows = Sequence[Mapping[str, float]]


def draw(rows: Rows, judgements: Rows, title: str) -> bytes:
    """A PNG: the loss over the steps, and, where there are judgements, the four errors. ``rows`` must not be empty."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [name for name in _TITLES if any(name in row for row in judgements)]
    figure = Figure(figsize=(3.4 * (2 + len(names)), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    widths = [2, *[1] * len(names)]
    grid: Any = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)
    _loss(grid[0, 0], rows)
    for axes, name in zip(grid[0, 1:], names, strict=True):
        found = [row for row in judgements if name in row]
        axes.plot([row["step"] for row in found], [row[name] for row in found], marker="o", markersize=3)
        axes.set_ylim(0, 1.08 * max(1e-9, *(row[name] for row in found)))
        _dress(axes, _TITLES[name])
    figure.suptitle(title)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()


def _loss(axes: Axes, rows: Rows) -> None:
    """The loss as it was, pale, and smoothed over its neighbours."""
    steps = np.array([row["step"] for row in rows])
    values = np.array([row["loss"] for row in rows])
    axes.plot(steps, values, color="C0", alpha=0.3, linewidth=0.8)
    width = max(1, min(_SMOOTH_OVER, len(values) // 4))
    smooth = np.convolve(values, np.ones(width) / width, mode="valid")
    axes.plot(steps[width - 1 :], smooth, color="C0")
    if (values > 0).all():
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}" if values.max() < 5 * values.min() else "")
    _dress(axes, "Loss")


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("step")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
