"""A2U, affinity-aware upsampling and its paired downsampling (thesis, chapter 4; Figure 4.2).

Every position of a feature X gets a kernel that is conditioned on second-order features, by a bilinear model of rank 1
(Equation 4.4): w = P * s with the affinity s = sum over channels of (U * X)(V * X), where U and V are stride-2
convolutions of each channel by itself. What the weights come from, and how they are shared, are the settings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.upsampling import affinity_kernels
from models.networks.upsampling.pairing import Guide, Operator
from models.networks.whole_image import FromWholeImage, Summary

CONDITIONINGS = ("static", "hybrid", "dynamic")
NORMALISATIONS = ("sigmoid+softmax", "softmax", "sigmoid")
"""Of the kernels that enlarge (Table 4.4). ``sigmoid`` alone serves kernels of size 1, whose softmax is always 1."""

PUBLISHED = {
    "norm_u": "bnu.0",
    "norm_v": "bnv.0",
    "project_up": "bconv_UP.1",
    "project_down": "bconv_DP.1",
    "encode_u": "bconv_U.1",
    "encode_v": "bconv_V.1",
}
"""The authors' names of the parts of a dynamic ``Affinity``, by ours."""


def published_name(ours: str) -> str:
    """The published checkpoint's name of an entry of a dynamic ``Affinity``'s state dict."""
    part, dot, rest = ours.partition(".")
    return PUBLISHED.get(part, part) + dot + rest


@dataclass(frozen=True)
class AffinityForm:
    """Which A2U: the rows of Tables 4.2 to 4.4. The default is the published network's, ``dynamic-cs-d`` with dagger.

    ``ValueError`` for a setting that is none.
    """

    conditioning: str = "dynamic"
    """``static``: U, V and P are learned as they are; ``hybrid``: P is generated from the whole map, by a global
    average pool and a 1 x 1 convolution; ``dynamic``: U and V too."""
    encodings: int | None = 1
    """How many different U (and V): 1 is channel-shared, None, one for each channel, channel-wise. In between,
    neighbouring channels share one."""
    pointwise: bool = False
    """Four sets of U and V, one for each place of a 2 x 2 region, and one P; otherwise the other way round."""
    paired: bool = True
    """Kernels that shrink are generated too, from the same U and V (4.4, extension to downsampling)."""
    normalised: bool = True
    """The tables' dagger: group normalisation and leaky ReLU after U and after V."""
    k_up: int = 3
    """Size of the kernels that enlarge; those that shrink have twice that."""
    k_encode: int = 6
    """Size of U and V: 6 in the published network, 5 in the thesis's tables."""
    normalisation: str = "sigmoid+softmax"
    bias: bool = True
    """Whether the 1 x 1 convolutions that generate weights have biases."""
    groups: int = 1
    """How many groups of channels get kernels of their own."""
    gated: bool = False
    """A sigmoid after U, as in image reconstruction (4.5), where A2U generalises the holistic index network."""
    scaled: bool = True
    """The affinity is divided by sqrt(C), as in the published network; Equation 4.4 has the plain sum."""

    def __post_init__(self) -> None:
        if self.conditioning not in CONDITIONINGS:
            raise ValueError(f"A2U is not {self.conditioning}. Choose {', '.join(CONDITIONINGS)}.")
        if self.normalisation not in NORMALISATIONS:
            raise ValueError(f"Kernels are not normalised by {self.normalisation}. Choose {', '.join(NORMALISATIONS)}.")
        if self.k_up % 2 == 0 or min(self.k_up, self.k_encode, self.groups) < 1:
            raise ValueError("Kernels that enlarge have an odd size, and no size or number of groups is below 1.")


class WholePools(FromWholeImage):
    """Averages over the whole map: on a grid of ``cells`` x ``cells``, and of everything."""

    def __init__(self, cells: int) -> None:
        super().__init__()
        self.cells = cells

    def summarise(self, x: Tensor) -> Summary:
        """(N, C, cells, cells) and (N, C, 1, 1); without the grid where ``cells`` is 0."""
        whole = x.mean((2, 3), keepdim=True)
        return (functional.adaptive_avg_pool2d(x, self.cells), whole) if self.cells else (whole,)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The averages of the grid (those of everything where there is none) and of everything."""
        pooled = self.summary(x)
        return pooled[0], pooled[-1]


class WholeGroupNorm(FromWholeImage):
    """Group normalisation, whose mean and variance over each group's channels and positions belong to the whole map."""

    def __init__(self, channels: int, groups: int = 32, eps: float = 1e-5) -> None:
        """``channels`` are split into ``groups``, or into the most that divide both."""
        super().__init__()
        self.groups = math.gcd(channels, groups)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def summarise(self, x: Tensor) -> Summary:
        """Mean and variance, each (N, groups)."""
        variance, mean = torch.var_mean(x.reshape(x.shape[0], self.groups, -1), 2, correction=0)
        return mean, variance

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        mean, variance = self.summary(x)
        each = x.shape[1] // self.groups
        scale = torch.rsqrt(variance + self.eps).repeat_interleave(each, 1) * self.weight
        shift = self.bias - mean.repeat_interleave(each, 1) * scale
        return torch.addcmul(shift[:, :, None, None], x, scale[:, :, None, None])


class Affinity(Operator):
    """A2U for a feature of ``channels``: generates kernels from it, and applies them.

    The kernels do not depend on the number of channels of the map that they are applied to, unless ``form.groups`` > 1.
    """

    def __init__(self, channels: int, form: AffinityForm = AffinityForm()) -> None:
        super().__init__()
        encodings = channels if form.encodings is None else form.encodings
        if channels % encodings or channels % form.groups:
            raise ValueError(f"{channels} channels cannot share {encodings} encodings or be in {form.groups} groups.")
        self.form = form
        self.shrinks = form.paired
        self.sets = 4 if form.pointwise else 1
        kept = encodings * self.sets
        if form.conditioning == "dynamic":
            self.encode_u: nn.Module = nn.Conv2d(channels, kept, 1, bias=form.bias)
            self.encode_v: nn.Module = nn.Conv2d(channels, kept, 1, bias=form.bias)
        else:
            self.encode_u = Learned(kept, form.k_encode, form.k_encode)
            self.encode_v = Learned(kept, form.k_encode, form.k_encode)
        up = form.groups * form.k_up**2 * 4 // self.sets
        down = form.groups * (2 * form.k_up) ** 2 * self.sets
        self.project_up = self._projection(channels, up)
        if isinstance(self.project_up, Learned) and up == 1:
            # The one weight scales everything that is learned before it: drawn near 0, it would stop the learning.
            nn.init.ones_(self.project_up.weight)
        self.project_down = self._projection(channels, down) if form.paired else None
        self.norm_u = WholeGroupNorm(channels * self.sets) if form.normalised else None
        self.norm_v = WholeGroupNorm(channels * self.sets) if form.normalised else None
        cells = form.k_encode if form.conditioning == "dynamic" else 0
        self.pools = None if form.conditioning == "static" else WholePools(cells)

    def _projection(self, channels: int, outputs: int) -> nn.Module:
        if self.form.conditioning == "static":
            return Learned(outputs, 1, 1)
        return nn.Conv2d(channels, outputs, 1, bias=self.form.bias)

    def guide(self, features: Tensor) -> Guide:
        """From ``features`` (N, C, H, W), H and W even: kernels that shrink (N, g*(2k)^2, H/2, W/2), where paired, and
        kernels that enlarge (N, g*k^2, H, W), both normalised (affinity_kernels.py for their order)."""
        cells, whole = (None, None) if self.pools is None else self.pools(features)
        s = self._affinity(features, cells)
        down = None
        if self.project_down is not None:
            weights = _weights(self.project_down, whole)  # (N or 1, g*(2k)^2 * sets, 1, 1)
            down = (weights.unflatten(1, (-1, self.sets)) * s[:, None]).sum(2)
            down = self._per_group(down).softmax(2).flatten(1, 2)
        weights = _weights(self.project_up, whole).unflatten(1, (-1, 4 // self.sets))
        up = functional.pixel_shuffle((weights * s[:, None]).flatten(1, 2), 2)
        return Guide(down, self._normalised(self._per_group(up)).flatten(1, 2))

    def shrink(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, H, W) to (N, C, H/2, W/2), by kernels of size 2 * k_up."""
        if guide.down is None:
            raise ValueError("This A2U was built without paired downsampling.")
        return affinity_kernels.shrink(x, guide.down, 2 * self.form.k_up)

    def enlarge(self, x: Tensor, guide: Guide) -> Tensor:
        """(N, C, H/2, W/2) to (N, C, H, W), by kernels of size k_up."""
        if guide.up is None:
            raise ValueError("This guide is not of A2U.")
        return affinity_kernels.enlarge(x, guide.up, self.form.k_up)

    def _affinity(self, features: Tensor, cells: Tensor | None) -> Tensor:
        """s (N, sets, H/2, W/2) = sum over channels of (U * X)(V * X); ``scaled``, divided by sqrt(C)."""
        u = self._encode(features, _weights(self.encode_u, cells))
        v = self._encode(features, _weights(self.encode_v, cells))
        if self.norm_u is not None and self.norm_v is not None:
            u = functional.leaky_relu(self.norm_u(u), 0.01, inplace=True)
            v = functional.leaky_relu(self.norm_v(v), 0.01, inplace=True)
        if self.form.gated:
            u = torch.sigmoid(u)
        product = (u * v).unflatten(1, (features.shape[1], self.sets))
        return product.sum(1) / (math.sqrt(features.shape[1]) if self.form.scaled else 1)

    def _encode(self, x: Tensor, kernels: Tensor) -> Tensor:
        """Each channel of ``x`` (N, C, H, W) by its kernel of each set: (N, C * sets, H/2, W/2).

        ``kernels`` (N or 1, encodings * sets, k, k): those of each sample, or the same for all.
        """
        batch, channels, height, width = x.shape
        k = self.form.k_encode
        each = kernels.unflatten(1, (-1, self.sets))
        each = each.repeat_interleave(channels // each.shape[1], 1).reshape(-1, 1, k, k)
        samples = 1 if kernels.shape[0] == 1 else batch
        joined = x if samples == 1 else x.reshape(1, batch * channels, height, width)
        found = functional.conv2d(joined, each, stride=2, padding=(k - 1) // 2, groups=samples * channels)
        return found.reshape(batch, channels * self.sets, height // 2, width // 2)

    def _per_group(self, kernels: Tensor) -> Tensor:
        return kernels.unflatten(1, (self.form.groups, -1))

    def _normalised(self, raw: Tensor) -> Tensor:
        """(N, g, k*k, H, W), over the k*k weights of each kernel (Table 4.4)."""
        if self.form.normalisation == "softmax":
            return raw.softmax(2)
        gated = torch.sigmoid(raw)
        return gated if self.form.normalisation == "sigmoid" else gated.softmax(2)


class Learned(nn.Module):
    """Weights (1, channels, height, width) that depend on no input."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, channels, height, width))
        bound = 1 / math.sqrt(height * width)
        nn.init.uniform_(self.weight, -bound, bound)


def _weights(source: nn.Module, pooled: Tensor | None) -> Tensor:
    """Weights (N, n, k, k) generated from ``pooled`` (N, C, k, k), or the learned ones (1, n, k, k)."""
    if isinstance(source, Learned):
        return source.weight
    if pooled is None:
        raise ValueError("Weights can only be generated from what was pooled.")
    return source(pooled)
