"""What the catalogue knows of a network: enough to list, count, build and run it. Importing this brings no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class PaperRow:
    """Where a network stands in its paper, and the figures printed there (None where none is printed).

    ``parameters_m`` is in millions; ``gflops`` are the paper's (counting.py, at 224 x 224).
    """

    table: str
    """The thesis's tables in which it is a row: ``3.4``, or ``6.3, 6.4``."""
    row: str
    parameters_m: float | None = None
    gflops: float | None = None


@dataclass(frozen=True)
class ModelSpec:
    """One network of the catalogue.

    ``code`` names a callable as ``module:name`` that returns an ``nn.Module`` when it is called with ``options``.
    A network with ``channels`` 4 takes (N, 4, H, W): normalised RGB and the trimap / 255; one with 3 takes RGB alone.
    One with more takes mattes after the trimap (models/fusion.py).
    H and W are multiples of ``stride``. It answers (N, 1, H, W), raw alpha, or, where ``finds_trimap``, the logits of
    background, unknown, foreground (N, 3, H, W) and raw alpha (N, 1, H, W).

    Where ``finds_trimap`` it also takes (N, 6, H, W): RGB and what is known already, 1 where it is background, unknown,
    foreground, else 0. Then it looks for nothing and answers raw alpha alone.
    """

    name: str
    title: str
    family: str
    """``indexnet``, ``a2u``, ``rmat``, ``pspm`` or ``fusion``."""
    description: str
    """One sentence, for a photographer: what it is good at."""
    code: str
    paper: PaperRow
    options: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    parameters: int | None = None
    """The count that holds exactly; None where the layout is fitted to the printed figures."""
    tolerance: float = 0.006
    """How far, relatively, our parameters and GFLOPs may be from the paper's printed figures."""
    meets_paper: bool = True
    """False where the printed figures cannot be met; ``note`` then says why."""
    gflops_of: str = "convolutions"
    """The paper's convention of counting: ``convolutions``, or ``tokens`` (RMat's, counting.py)."""
    channels: int = 4
    stride: int = 32
    finds_trimap: bool = False
    looks_again: bool = False
    """It also takes its own first answer, before the mattes (N, ``channels`` + 1, H, W), and answers better then."""
    looks_px: tuple[int, ...] = ()
    """Where ``finds_trimap``, of a small network: the photo's longer side when the subject is looked for. The mean of
    all looks counts, each taken of the photo mirrored, too, and the photo's own colours mend it. Empty: one look at
    chapter 6's size, then the edge in pieces (models/portrait.py)."""
    margin_px: int = 64
    """How far a pixel of the answer looks around itself, for work in pieces: what is cut off beyond hardly matters."""
    cpu_pixels: int = 0
    """How many pixels a CPU works on at a time, lest a cancel waits: for a network whose time goes between its layers,
    where multiplications do not tell; 0: as they tell.
    """
    bytes_per_pixel: int = 0
    """What a pass holds in memory for each pixel, as demand.py would reckon it, for a network that must start at once;
    0: it is reckoned when the network first runs, which takes seconds. Wants ``cpu_pixels``."""
    told_apart: bool = True
    """False where its weights look like another row's: a file that does not name its network is taken for the other."""
    licence: str = "MIT"
    """The licence of the network's code; weights bring their own."""
    note: str = ""
    """Why the paper's figures cannot be met, or what several layouts fit: one sentence, shown in the list."""

    @property
    def takes(self) -> tuple[int, ...]:
        """How many channels its input may have."""
        if self.looks_again:
            return (self.channels, self.channels + 1)
        return (self.channels, self.channels + 3) if self.finds_trimap else (self.channels,)
