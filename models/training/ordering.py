"""Which file an example takes, by its number, and which are kept back to judge by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

KEPT_SHARE = 0.1
JUDGED_FROM = 1 << 40
"""Numbers from here on are examples to judge by."""


class Order:
    """Which of ``count`` things an example takes: each once in every round, in another order in each."""

    def __init__(self, count: int, seed: int, most_kept: int = 50, times: Sequence[int] | None = None) -> None:
        """``most_kept``: how many are kept back to judge by, at most a tenth; where that is none, all judge.

        ``times``: how often each thing comes in a round, if not once.
        """
        kept = min(int(count * KEPT_SHARE), most_kept)
        places = np.random.default_rng((seed, 1)).permutation(count)
        self.judged = places[:kept] if kept else places
        self.learnt = places[kept:]
        if times is not None:
            self.learnt = np.repeat(self.learnt, np.asarray(times)[self.learnt])
        self._seed, self._count = seed, count
        self._round, self._shuffled = -1, self.learnt

    @property
    def sizes(self) -> tuple[int, int]:
        """How many are learnt from, and how many are kept back from that."""
        return len(self.learnt), self._count - len(self.learnt)

    def place(self, number: int) -> int:
        """The thing of that example."""
        if number >= JUDGED_FROM:
            return int(self.judged[(number - JUDGED_FROM) % len(self.judged)])
        turn, place = divmod(number, len(self.learnt))
        if turn != self._round:
            self._round = turn
            self._shuffled = np.random.default_rng((self._seed, 2, turn)).permutation(self.learnt)
        return int(self._shuffled[place])
