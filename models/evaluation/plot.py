"""Pictures of what was measured: bars per engine and trimap, or the course over dilation ranges (Figures 5.5, 5.7)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from models.evaluation.results import UNKNOWN_SET, WHOLE_SET, Mean, Result, means

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLES = {
    "sad": "SAD, thousands",
    "mse": "MSE",
    "grad": "Grad, thousands",
    "conn": "Conn, thousands",
    "sad_f": "SAD_f, per pixel",
    "mse_f": "MSE_f",
    "grad_f": "Grad_f, per pixel",
    "conn_f": "Conn_f, per pixel",
}
_MARKERS = "osD^vPX*"


def draw(results: Sequence[Result], title: str) -> bytes:
    """Return a PNG of the means of ``results``, less being better everywhere.

    Four panels over the unknown pixels and four over the whole photo; where the trimaps are dilation ranges, lines over
    the ranges, of the unknown pixels alone. Raises ValueError where there are no results.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not results:
        raise ValueError("There is nothing to plot. Every measurement failed.")
    found = means(results)
    sweep = any(mean.trimap.startswith("[") for mean in found)
    rows = 1 if sweep else 2
    figure = Figure(figsize=(13, 1.2 + 3.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid: Any = figure.subplots(rows, 4, squeeze=False)
    for row, names in enumerate((UNKNOWN_SET, WHOLE_SET)[:rows]):
        for column, name in enumerate(names):
            (_lines if sweep else _bars)(grid[row, column], found, name)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    photos = len({result.photo for result in results})
    figure.suptitle(f"{title}, {photos} photo{'s' if photos > 1 else ''} (less is better)")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()


def _lines(axes: Axes, found: Sequence[Mean], name: str) -> None:
    """One line per engine over the ranges, by their upper ends."""
    for index, engine in enumerate(dict.fromkeys(mean.engine for mean in found)):
        points = sorted((_upper(mean.trimap), mean.values[name]) for mean in found if mean.engine == engine)
        places, values = [place for place, _ in points], [value for _, value in points]
        axes.plot(places, values, marker=_MARKERS[index % len(_MARKERS)], label=engine)
    places = sorted({_upper(mean.trimap) for mean in found})
    axes.set_xticks(places, [str(place) for place in places])
    axes.set_xlabel("dilation up to, px")
    _dress(axes, name, found)


def _bars(axes: Axes, found: Sequence[Mean], name: str) -> None:
    """Groups of bars: a group per trimap, a bar per engine."""
    engines = list(dict.fromkeys(mean.engine for mean in found))
    trimaps = list(dict.fromkeys(mean.trimap for mean in found))
    width = 0.8 / len(engines)
    for index, engine in enumerate(engines):
        own = [mean for mean in found if mean.engine == engine]
        places = [trimaps.index(mean.trimap) + (index - (len(engines) - 1) / 2) * width for mean in own]
        bars = axes.bar(places, [mean.values[name] for mean in own], width * 0.94, label=engine)
        if len(found) <= 8:
            axes.bar_label(bars, fmt="%.3g", fontsize=7, padding=1)
    axes.set_xticks(range(len(trimaps)), trimaps)
    _dress(axes, name, found)


def _dress(axes: Axes, name: str, found: Sequence[Mean]) -> None:
    axes.set_title(_TITLES[name], fontsize=10)
    axes.set_ylim(0, 1.1 * max(mean.values[name] for mean in found) or 1)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _upper(label: str) -> int:
    """The upper end of a range written as [11, 20]."""
    return int(label.strip("[]").split(",")[1])
