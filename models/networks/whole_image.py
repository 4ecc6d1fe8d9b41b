"""Parts of a network whose answer depends on the whole picture: global pools, generated kernels, attention.

Where a photo is worked on in pieces, such a part would see another picture in each. So what it draws from the whole
picture, its *summary*, can be taken once, from the photo reduced, and used for every piece.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch
from torch import nn

Summary = tuple[torch.Tensor, ...]


class FromWholeImage(nn.Module):
    """Base of the parts that look at the whole picture.

    A subclass defines ``summarise(x)`` and asks for ``summary(x)`` in its ``forward``; which picture that is a summary
    of is none of its business.
    """

    def __init__(self) -> None:
        super().__init__()
        self._recording = False
        self._kept: Summary | None = None

    def summarise(self, x: torch.Tensor) -> Summary:
        """What this part takes from all of ``x`` (N, C, H, W); of a shape that does not depend on H and W."""
        raise NotImplementedError

    def summary(self, x: torch.Tensor) -> Summary:
        """The summary of ``x``, or the kept one while pieces are worked on."""
        if self._kept is not None and not self._recording:
            return self._kept
        found = self.summarise(x)
        if self._recording:
            self._kept = found
        return found


def parts_of(network: nn.Module) -> list[FromWholeImage]:
    """All parts of a network that look at the whole picture; empty for one that can be cut at will."""
    return [part for part in network.modules() if isinstance(part, FromWholeImage)]


@contextmanager
def recording(network: nn.Module) -> Generator[None]:
    """Within this, a run of the network on the reduced photo leaves its summaries in the parts; see ``forget``."""
    for part in parts_of(network):
        part._recording = True
    try:
        yield
    finally:
        for part in parts_of(network):
            part._recording = False


def forget(network: nn.Module) -> None:
    """Drop the kept summaries: the network looks at what it is given again."""
    for part in parts_of(network):
        part._kept = None
