"""Every operator by its name, for the networks that compare them: A2U matting, and image reconstruction.

``make`` gives one operator. ``Pair`` puts two halves together, as the rows of Tables 3.2 and 4.1 do: MaxPool-CARAFE
shrinks by the one and enlarges by the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from models.networks.upsampling.affinity import Affinity, AffinityForm
from models.networks.upsampling.carafe import Carafe
from models.networks.upsampling.index_blocks import IndexForm, index_block
from models.networks.upsampling.indexed import indexed_pooling, indexed_upsampling
from models.networks.upsampling.pairing import Guide, Operator
from models.networks.upsampling.resampling import (
    AveragePooling,
    Deconvolution,
    Interpolation,
    MaxPooling,
    PixelShuffle,
    SpaceToDepth,
    StridedConvolution,
)


class Indexed(Operator):
    """Indexed pooling and upsampling by an index block of its own (thesis, 3.4): every family but modelwise."""

    def __init__(self, channels: int, family: str, form: IndexForm) -> None:
        super().__init__()
        self.block = index_block(family, channels, form)

    def guide(self, features: Tensor) -> Guide:
        """The encoder's and the decoder's index map, each (N, C or 1, H, W)."""
        return Guide(*self.block(features))

    def shrink(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, H, W) to (N, C, H/2, W/2): the sum of each region times its indices."""
        return indexed_pooling(x * _noted(guide.down))

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, h, w) to (N, C, 2h, 2w)."""
        return indexed_upsampling(x, _noted(guide.up))


class Reassembly(Operator):
    """CARAFE: enlarges by kernels made from the small map itself, so it notes nothing of the large one."""

    shrinks = False

    def __init__(self, channels: int, **settings: Any) -> None:
        super().__init__()
        self.carafe = Carafe(channels, **settings)

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, h, w) to (N, C, 2h, 2w)."""
        return self.carafe(x)


class Pair(Operator):
    """Shrinks by one operator and enlarges by another; both are guided by the same feature."""

    def __init__(self, down: Operator, up: Operator) -> None:
        """``ValueError`` where a half is missing, or the channels between them do not fit."""
        super().__init__()
        if not down.shrinks or not up.enlarges or down.widens != up.widens:
            raise ValueError(f"{type(down).__name__} and {type(up).__name__} make no pair.")
        self.down, self.up, self.widens = down, up, up.widens

    def guide(self, features: Tensor) -> Guide:
        """What each half notes for its own part."""
        return Guide(self.down.guide(features).down, self.up.guide(features).up)

    def shrink(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, H, W) to (N, widens * C, H/2, W/2)."""
        return self.down.shrink(x, guide)

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, widens * C, h, w) to (N, C, 2h, 2w)."""
        return self.up.enlarge(x, guide)


def _noted(index_map: Tensor | None) -> Tensor:
    if index_map is None:
        raise ValueError("Indexed upsampling needs the index map of the feature that was shrunk.")
    return index_map


def _indexed(channels: int, *, family: str = "many-to-one", **form: Any) -> Operator:
    return Indexed(channels, family, IndexForm(**form))


def _affinity(channels: int, **form: Any) -> Operator:
    return Affinity(channels, AffinityForm(**form))


OPERATORS: dict[str, Callable[..., Operator]] = {
    "nearest": lambda channels: Interpolation("nearest"),
    "bilinear": lambda channels: Interpolation("bilinear"),
    "deconvolution": Deconvolution,
    "pixel-shuffle": PixelShuffle,
    "space-to-depth": lambda channels: SpaceToDepth(),
    "strided-convolution": StridedConvolution,
    "average": lambda channels: AveragePooling(),
    "max": lambda channels: MaxPooling(),
    "carafe": Reassembly,
    "indexed": _indexed,
    "affinity": _affinity,
}
"""What makes each operator from a number of channels and its settings: for ``indexed`` a ``family`` and the fields of
``IndexForm``, for ``affinity`` those of ``AffinityForm``, for ``carafe`` those of ``Carafe``; the others have none."""


def make(name: str, channels: int, **settings: object) -> Operator:
    """The operator ``name`` for a feature of ``channels``; ``ValueError`` for a name or a setting that is none."""
    maker = OPERATORS.get(name)
    if maker is None:
        raise ValueError(f"There is no operator {name}. Choose one of {', '.join(OPERATORS)}.")
    try:
        return maker(channels, **settings)
    except TypeError as error:
        raise ValueError(f"The operator {name} has other settings: {error}.") from error
