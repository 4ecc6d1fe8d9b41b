"""The rows of Tables 3.2 and 4.1: which operators, and what the papers print of them.

The tables' column MSE holds the root of the mean square error (4.8.1), and is so named here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SETS = ("fashion", "mnist")
SET_TITLES = {"fashion": "Fashion-MNIST", "mnist": "MNIST"}


@dataclass(frozen=True)
class Printed:
    """What a table prints for one row and one set: dB, and three figures of values in [0, 1]."""

    table: str
    psnr: float
    ssim: float
    mae: float
    rmse: float


@dataclass(frozen=True)
class Half:
    """One half of a pair: an operator of ``models.networks.upsampling.operators`` by name, with its settings."""

    operator: str
    settings: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())


@dataclass(frozen=True)
class Row:
    """One pair of operators. ``up`` None: the same operator does both, so that it sees and guides its own pooling."""

    name: str
    title: str
    kind: str
    """``blind`` or ``guided``: whether what the encoder saw is known when a map is enlarged (3.5.1)."""
    down: Half
    up: Half | None
    fashion: Sequence[Printed] = ()
    mnist: Sequence[Printed] = ()
    one_for_all: bool = False
    """The same operator, with the same weights, in all stages: the modelwise family."""
    open_facts: str = ""
    """What the papers leave open of it, and how it is settled here."""

    def printed(self, dataset: str) -> Sequence[Printed]:
        """What the papers print for the set ``fashion`` or ``mnist``: two tables, one, or none."""
        return self.fashion if dataset == "fashion" else self.mnist


def _3_2(psnr: float, ssim: float, mae: float, rmse: float) -> Printed:
    return Printed("3.2", psnr, ssim, mae, rmse)


def _4_1(psnr: float, ssim: float, rmse: float, mae: float) -> Printed:
    """In the order in which Table 4.1 prints them."""
    return Printed("4.1", psnr, ssim, mae, rmse)


_CONVOLUTION = Half("strided-convolution")
_MAX = Half("max")
_IN_4_1 = {"context": True}
"""Linear, with encoding kernels of 4 x 4."""
_IN_3_2 = {"nonlinear": True, "context": True}
_A2U = {
    "conditioning": "static", "encodings": None, "pointwise": True, "paired": False, "normalised": False,
    "k_up": 1, "k_encode": 4, "normalisation": "sigmoid", "gated": True, "scaled": False,
}  # fmt: skip
_STRIDED = "kernel 3 x 3, neither norm nor activation"

ROWS = (
    Row(
        "average-nearest", "AvgPool-NN", "blind", Half("average"), Half("nearest"),
        (_3_2(25.88, 0.9811, 0.0259, 0.0509),),
    ),
    Row(
        "convolution-nearest", "Conv/2-Nearest", "blind", _CONVOLUTION, Half("nearest"),
        (_4_1(25.58, 0.9797, 0.0527, 0.0269),), (_4_1(28.54, 0.9874, 0.0374, 0.0148),), open_facts=_STRIDED,
    ),
    Row(
        "convolution-bilinear", "Conv/2-Bilinear", "blind", _CONVOLUTION, Half("bilinear"),
        (_3_2(24.45, 0.9726, 0.0320, 0.0600), _4_1(23.68, 0.9675, 0.0656, 0.0343)),
        (_4_1(26.12, 0.9783, 0.0495, 0.0205),), open_facts=_STRIDED,
    ),
    Row(
        "space-to-depth", "S2D-D2S", "blind", Half("space-to-depth"), None, (_3_2(28.93, 0.9901, 0.0204, 0.0358),),
        open_facts="C(k) keeps its k, so the decoder's layers see a quarter of the channels",
    ),
    Row(
        "convolution-shuffle", "P.S.", "blind", _CONVOLUTION, Half("pixel-shuffle"),
        (_4_1(27.33, 0.9868, 0.0431, 0.0212),), (_4_1(31.63, 0.9939, 0.0262, 0.0099),),
        open_facts="shrinks by a strided convolution; a 1 x 1 convolution makes the channels that are shuffled",
    ),
    Row(
        "convolution-deconvolution", "Conv/2-Deconv/2", "blind", _CONVOLUTION, Half("deconvolution"),
        (_3_2(28.75, 0.9903, 0.0187, 0.0366), _4_1(27.42, 0.9870, 0.0426, 0.0207)),
        (_4_1(31.85, 0.9942, 0.0256, 0.0089),), open_facts=f"{_STRIDED}; the deconvolution's kernel is 4 x 4",
    ),
    Row(
        "convolution-carafe", "Conv/2-CARAFE", "blind", _CONVOLUTION, Half("carafe"),
        (_3_2(25.55, 0.9798, 0.0277, 0.0529),), open_facts="CARAFE's own defaults: 64 channels, kernels of 3 and 5",
    ),
    Row(
        "max-carafe", "MaxPool-CARAFE", "blind", _MAX, Half("carafe", {"k_up": 1}),
        (_4_1(25.17, 0.9773, 0.0552, 0.0266),), (_4_1(28.72, 0.9885, 0.0367, 0.0131),),
        open_facts="with kernels of size 1, as 4.5 says, the softmax is 1: it is nearest neighbour",
    ),
    Row(
        "max-unpooling", "MaxPool-MaxUnpool", "guided", _MAX, None,
        (_3_2(29.33, 0.9920, 0.0202, 0.0342), _4_1(28.31, 0.9901, 0.0385, 0.0218)),
        (_4_1(29.91, 0.9916, 0.0320, 0.0133),),
    ),
    Row(
        "indexed-modelwise", "IP-IU, modelwise O2O", "guided", Half("indexed", {"family": "shared", **_IN_3_2}), None,
        (_3_2(37.83, 0.9989, 0.0089, 0.0128),), one_for_all=True,
    ),
    Row(
        "indexed-holistic", "IP-IU, holistic", "guided", Half("indexed", {"family": "holistic", **_IN_3_2}), None,
        (_3_2(45.93, 0.9998, 0.0032, 0.0051),),
    ),
    Row(
        "indexed-m2o", "IP-IU, M2O", "guided", Half("indexed", {"family": "many-to-one", **_IN_3_2}), None,
        (_3_2(48.37, 0.9999, 0.0026, 0.0038),),
    ),
    Row(
        "max-holistic", "MaxPool-IndexNet, holistic", "guided", _MAX,
        Half("indexed", {"family": "holistic", **_IN_4_1}),
        (_4_1(45.83, 0.9998, 0.0051, 0.0033),), (_4_1(45.51, 0.9997, 0.0053, 0.0024),),
    ),
    Row(
        "max-a2u", "MaxPool-A2U", "guided", _MAX, Half("affinity", _A2U),
        (_4_1(46.41, 0.9999, 0.0048, 0.0031),), (_4_1(47.63, 0.9998, 0.0042, 0.0020),),
        open_facts="kernels of size 1 have no softmax over them: the sigmoid normalises alone, as IndexNet's "
        "does; the affinity is the plain sum of Equation 4.4",
    ),
    Row(
        "max-m2o", "MaxPool-IndexNet, depthwise (M2O)", "guided", _MAX,
        Half("indexed", {"family": "many-to-one", **_IN_4_1}),
        (_4_1(44.35, 0.9998, 0.0061, 0.0036),), (_4_1(47.13, 0.9997, 0.0044, 0.0020),),
        open_facts="of the depthwise families the table means one; many-to-one is the papers' usual one",
    ),
)  # fmt: skip


def rows_of(dataset: str, names: Sequence[str] = ()) -> list[Row]:
    """The rows that the papers print for ``fashion`` or ``mnist``, or those called ``names``, in the tables' order.

    ``ValueError`` with a sentence for a set or a name that is none. A row may be asked for by name on a set for which
    the papers print nothing of it.
    """
    if dataset not in SETS:
        raise ValueError(f"There is no set {dataset}. Choose {' or '.join(SETS)}.")
    known = {row.name: row for row in ROWS}
    for name in names:
        if name not in known:
            raise ValueError(f"There is no pair of operators {name}. Choose from {', '.join(known)}.")
    return [row for row in ROWS if (row.name in names if names else row.printed(dataset))]
