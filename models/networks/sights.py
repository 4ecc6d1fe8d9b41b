"""What ``fusion`` looks at around a pixel: fixed measures of the photo, the trimap and the classical mattes of it.

None of it is learned: local means and spreads at five scales, what a local linear model of the photo's colours makes
of each matte (as the closed form assumes, section 2.1.1 of the thesis), where the colour lies between those of the
foreground and the background near it (as sampling assumes), and the neighbours themselves. A small network that is
given these for single pixels learns in minutes what filters, learned from crops, had not found in an hour.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

MATTES = 4
SIGNS = 2
SCALES = (1, 2, 4, 8, 16)
"""Radii in pixels of the means that local means and spreads are taken over, twice."""
FITS = (1, 3, 8)
"""Radii of the windows in which a matte is fitted as a linear function of the colours."""
REACHES = (6, 20)
"""Radii in which the colours of foreground and background are looked for."""
REACH_PX = 2 * max(REACHES)
"""How far away a pixel may lie and still count."""
COUNT = 175
"""The sights of a pixel."""
LIMIT = 8.0
"""No sight is further from 0 than this."""
_PATCHED = 3
"""Of so many mattes the neighbours are seen, and the spreads taken."""
_RIDGE = 1e-4
"""The variance of colour below which a fit is a mean."""


class Mean(nn.Module):
    """The mean over a square of 2 ``radius`` + 1 pixels a side, of each plane; the picture's edge is continued."""

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = radius

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to the same shape."""
        r = self.radius
        padded = functional.pad(x, (r, r, r, r), mode="replicate")
        side = 2 * r + 1
        return _window_sums(_window_sums(padded, side, 3), side, 2) / side**2


def _window_sums(x: torch.Tensor, width: int, dim: int) -> torch.Tensor:
    """The sums of every ``width`` values in a row along ``dim``, from sums of 1, 2, 4, ...: far fewer additions."""
    length = x.shape[dim] - width + 1
    total: torch.Tensor | None = None
    block, size, start = x, 1, 0
    while size <= width:
        if width & size:
            part = block.narrow(dim, start, length)
            total = part if total is None else total + part
            start += size
        long = block.shape[dim] - size
        if 2 * size <= width:
            block = block.narrow(dim, 0, long) + block.narrow(dim, size, long)
        size *= 2
    assert total is not None
    return total


class Sights(nn.Module):
    """The ``COUNT`` sights of every pixel, (N, COUNT, H, W), of about the same size, none beyond ``LIMIT``.

    Takes colours (N, 3, H, W), the trimap (N, 1, H, W), the mattes (N, 4, H, W), the best one first, and the signs
    of trust (N, 2, H, W), all in [0, 1]. With ``at`` (n,), the numbers of pixels among all N H W, the sights
    of these alone, (1, COUNT, n, 1): of most of a photo nothing is asked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ModuleList(Mean(radius) for radius in SCALES)
        self.fits = nn.ModuleList(Mean(radius) for radius in FITS)
        self.reaches = nn.ModuleList(Mean(radius) for radius in REACHES)
        self.joined = _Joined()

    def forward(
        self,
        colours: torch.Tensor,
        trimap: torch.Tensor,
        mattes: torch.Tensor,
        signs: torch.Tensor,
        at: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """See the class."""
        sure = (trimap > 0.75).to(colours.dtype)
        unknown = ((trimap > 0.25) & (trimap < 0.75)).to(colours.dtype)
        mattes = torch.where(unknown > 0, mattes, sure)
        best, middle = mattes[:, :1], mattes.mean(1, keepdim=True)
        light = colours.mean(1, keepdim=True)
        apart = mattes[:, 1:] - best
        seen = [2 * mattes - 1, 4 * apart, 2 * signs - 1, 2 * colours - 1]
        wanted = torch.cat((mattes, middle), 1)
        seen += [4 * (fitted(colours, wanted, mean) - wanted) for mean in self.fits]
        marks = torch.cat((signs, sure, unknown), 1)
        for mean in self.scales:
            seen += _around(mean, mattes, apart, marks, light)
        for mean in self.reaches:
            for alpha in (best, middle):
                seen += _between(mean, colours, alpha.clamp(0, 1))
        for plane, side in [(mattes[:, place : place + 1], 3) for place in range(_PATCHED)] + [(light, 5)]:
            seen.append(4 * _neighbours(plane, side))
        return self.joined(*(seen if at is None else [columns_of(planes, at) for planes in seen]))


class _Joined(nn.Module):
    """All sights in one tensor, none beyond ``LIMIT``. A layer, so that a run can be stopped before and after it."""

    def forward(self, *seen: torch.Tensor) -> torch.Tensor:
        """Planes (N, k, H, W), k in all ``COUNT``, to (N, ``COUNT``, H, W)."""
        return torch.cat(seen, 1).clamp_(-LIMIT, LIMIT)


def columns_of(planes: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """The pixels of planes (N, k, H, W) whose numbers among all N H W are ``at`` (n,), one by one: (1, k, n, 1)."""
    return planes.movedim(1, 0).flatten(1).index_select(1, at)[None, :, :, None]


def fitted(colours: torch.Tensor, planes: torch.Tensor, mean: nn.Module) -> torch.Tensor:
    """``planes`` (N, P, H, W) as local linear functions of ``colours`` (N, 3, H, W), found in the windows of ``mean``.

    Of the fits of all windows that hold a pixel, their mean: the guided filter.
    """
    middle, level = mean(colours), mean(planes)
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    products = mean(torch.cat([colours[:, i : i + 1] * colours[:, j : j + 1] for i, j in pairs], 1))
    spread = [products[:, n] - middle[:, i] * middle[:, j] for n, (i, j) in enumerate(pairs)]
    inverse = _inverse(spread)
    answers: list[torch.Tensor] = []
    for place in range(planes.shape[1]):
        plane = planes[:, place : place + 1]
        shared = mean(colours * plane) - middle * level[:, place : place + 1]
        slopes = torch.stack([sum_of(row, shared) for row in inverse], 1)
        offset = level[:, place : place + 1] - (slopes * middle).sum(1, keepdim=True)
        smooth = mean(torch.cat((slopes, offset), 1))
        answers.append((smooth[:, :3] * colours).sum(1, keepdim=True) + smooth[:, 3:])
    return torch.cat(answers, 1)


def sum_of(row: Sequence[torch.Tensor], planes: torch.Tensor) -> torch.Tensor:
    """The three planes (N, H, W) of ``row`` times those of ``planes`` (N, 3, H, W), added up: (N, H, W)."""
    return row[0] * planes[:, 0] + row[1] * planes[:, 1] + row[2] * planes[:, 2]


def _inverse(spread: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    """The rows of the inverse of a symmetric 3 x 3 matrix at each pixel, given as its upper half, and made safe.

    By its factors L D L^T: the quotient of its minors would lose in float32 all that a grey photo has.
    """
    a, b, c, d, e, f = spread
    a = (a + _RIDGE).clamp_min(_RIDGE / 2)
    p, q = b / a, c / a
    d = (d + _RIDGE - b * p).clamp_min(_RIDGE / 2)
    r = (e - c * p) / d
    f = (f + _RIDGE - c * q - d * r * r).clamp_min(_RIDGE / 2)
    u = p * r - q  # the last row of L's inverse: u, -r, 1
    cc, bc, bb = 1 / f, -r / f, 1 / d + r * r / f
    ac, ab = u / f, -p / d - u * r / f
    aa = 1 / a + p * p / d + u * u / f
    return [[aa, ab, ac], [ab, bb, bc], [ac, bc, cc]]


def _around(
    mean: nn.Module, mattes: torch.Tensor, apart: torch.Tensor, marks: torch.Tensor, light: torch.Tensor
) -> list[torch.Tensor]:
    """How mattes, their differences, marks and light are around a pixel, and how much mattes and light vary there."""
    patched = mattes[:, :_PATCHED]
    planes = torch.cat((mattes, apart.abs(), marks, light, patched**2, light**2), 1)
    means = mean(mean(planes))
    parts = (mattes.shape[1], apart.shape[1], marks.shape[1], 1, _PATCHED, 1)
    m_mattes, m_apart, m_marks, m_light, m_squares, m_light_squares = means.split(parts, 1)
    spread = (m_squares - m_mattes[:, :_PATCHED] ** 2).clamp_min(0).sqrt()
    light_spread = (m_light_squares - m_light**2).clamp_min(0).sqrt()
    return [
        2 * (m_mattes - mattes[:, :1]),
        4 * m_apart,
        2 * m_marks - 1,
        4 * (m_light - light),
        4 * spread,
        8 * light_spread,
    ]


def _between(mean: nn.Module, colours: torch.Tensor, alpha: torch.Tensor) -> list[torch.Tensor]:
    """Where a colour lies between those of the foreground and background around, as ``alpha`` has them.

    The alpha it would have, how far it lies from the line between the two, how far they are apart, how much of both
    there is.
    """
    share, rest = alpha**4, (1 - alpha) ** 4  # of what is nearly sure
    sums = mean(mean(torch.cat((colours * share, colours * rest, share, rest), 1)))
    front = sums[:, :3] / (sums[:, 6:7] + 1e-4)
    behind = sums[:, 3:6] / (sums[:, 7:8] + 1e-4)
    line = front - behind
    length = (line * line).sum(1, keepdim=True)
    place = ((colours - behind) * line).sum(1, keepdim=True) / (length + 1e-3)
    beside = ((colours - behind - place * line) ** 2).sum(1, keepdim=True).sqrt()
    return [2 * place.clamp(-0.5, 1.5) - 1, 4 * beside, 2 * length.sqrt(), sums[:, 6:]]


def _neighbours(plane: torch.Tensor, side: int) -> torch.Tensor:
    """How the ``side`` squared pixels around differ from the one in their middle, (N, side squared - 1, H, W)."""
    reach, (high, wide) = side // 2, plane.shape[-2:]
    padded = functional.pad(plane, (reach, reach, reach, reach), mode="replicate")
    places = [(down, along) for down in range(side) for along in range(side) if (down, along) != (reach, reach)]
    around = [padded[..., down : down + high, along : along + wide] for down, along in places]
    return torch.cat(around, 1) - plane
