"""How long and how fast the reconstruction networks are trained, as data: the papers' schedule, and a short one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """One schedule, the same for every operator; ``ValueError`` for numbers that are none."""

    name: str
    epochs: int
    images: int
    """How many of the pictures are trained on, spread over the file; 0 takes all."""
    batch: int
    rate: float
    drops: tuple[float, ...] = (0.5, 0.7, 0.85)
    """After which shares of the training the rate is divided by 10: of 100 epochs the 50th, 70th and 85th."""
    momentum: float = 0.9
    """The papers say SGD and no more; public code that descends from theirs has 0.9."""

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch) < 1 or self.images < 0:
            raise ValueError("Epochs and batch are 1 or more; a number of pictures is 0 (all) or more.")
        if not (0 < self.rate < float("inf") and 0 <= self.momentum < 1):
            raise ValueError(f"The rate cannot be {self.rate}, nor the momentum {self.momentum}. Rates are above 0.")

    def steps(self, held: int) -> int:
        """How many steps all epochs make over a file that holds ``held`` pictures; a last, smaller batch is left out.

        ``ValueError`` where there is not one batch.
        """
        taken = min(self.images or held, held)
        if taken < self.batch:
            raise ValueError(f"There are {taken} pictures, which make no batch of {self.batch}. Take a smaller batch.")
        return self.epochs * (taken // self.batch)

    def rate_at(self, share: float) -> float:
        """The rate when ``share`` of the training, in [0, 1), lies behind."""
        return self.rate * 0.1 ** sum(share >= drop for drop in self.drops)


SCHEDULES = {
    "paper": Schedule("paper", epochs=100, images=0, batch=100, rate=0.01),
    "short": Schedule("short", epochs=1, images=16_000, batch=5, rate=0.05),
}
"""``paper`` is 4.8.1's; ``short`` takes 72 minutes of a core for all operators of both tables. A quarter of the
pictures at the paper's rate left many-to-one indices 2 dB behind holistic ones, which learn faster at first."""
