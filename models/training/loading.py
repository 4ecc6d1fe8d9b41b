"""From a source of examples to batches, in an order that depends on the step alone: so a resume is exact."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
from torch.utils.data import DataLoader, Dataset, Sampler

from models.training.batch import Batch, Example, gathered
from models.training.recipes import Recipe


class Source(Protocol):
    """Where examples come from. It is copied into every worker, so it must not count on being called in order."""

    skipped: list[str]
    """Phrases that name files that could not be read; they grow while examples are made."""

    def example(self, number: int) -> Example:
        """The training example of that number, 0, 1, 2, ... without end; the same whenever it is asked for."""
        ...

    def held_out(self, count: int) -> list[Example]:
        """So many examples to judge by, never given by ``example``."""
        ...


@dataclass(frozen=True)
class Share:
    """Which part of every batch this process works on: the ``rank``-th of ``of`` equal ones."""

    rank: int = 0
    of: int = 1


Loaded = tuple[Batch, tuple[str, ...]]
_Item = tuple[Example, tuple[str, ...]]


def batches(source: Source, recipe: Recipe, first: int, share: Share | None = None) -> Iterator[Loaded]:
    """The batches of the steps from ``first`` to the recipe's last, each with what was skipped in making it.

    ``ValueError`` where the batch cannot be shared out evenly; what the source raises comes out when it is waited for.
    """
    share = share or Share()
    if recipe.batch % share.of:
        raise ValueError(
            f"A batch of {recipe.batch} cannot be shared among {share.of} processes. Set batch to a multiple."
        )
    loader = DataLoader(
        _Numbered(source),
        batch_sampler=_Steps(recipe, first, share),
        num_workers=min(recipe.workers, os.cpu_count() or 1),
        collate_fn=_collate,
        worker_init_fn=_alone,
    )
    return _raised(loader)


def _raised(loader: Iterable[Loaded | Exception]) -> Iterator[Loaded]:
    for loaded in loader:
        if isinstance(loaded, Exception):
            raise loaded
        yield loaded


class _Numbered(Dataset["_Item | Exception"]):
    def __init__(self, source: Source) -> None:
        self._source = source

    def __getitem__(self, index: int) -> _Item | Exception:
        """What cannot be made is answered, not raised: a worker would put its whole traceback into the sentence."""
        known = len(self._source.skipped)
        try:
            made = self._source.example(index)
        except (ValueError, OSError) as error:
            return error
        return made, tuple(self._source.skipped[known:])


class _Steps(Sampler[list[int]]):
    def __init__(self, recipe: Recipe, first: int, share: Share) -> None:
        self._steps = range(first, recipe.steps)
        self._batch, self._share = recipe.batch, share

    def __iter__(self) -> Iterator[list[int]]:
        each = self._batch // self._share.of
        for step in self._steps:
            start = step * self._batch + self._share.rank * each
            yield list(range(start, start + each))

    def __len__(self) -> int:
        return len(self._steps)


def _collate(answers: Sequence[_Item | Exception]) -> Loaded | Exception:
    items: list[_Item] = []
    for answer in answers:
        if isinstance(answer, Exception):
            return answer
        items.append(answer)
    return gathered([example for example, _ in items]), tuple(phrase for _, skipped in items for phrase in skipped)


def _alone(worker: int) -> None:
    """Workers are many already: OpenCV need not start threads in each. Ctrl-C is for the one that they work for."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
