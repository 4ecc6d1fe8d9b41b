"""AC's new samples: what is turned is turned together, what is shuffled keeps its matte, all else stays."""

from __future__ import annotations

import numpy as np
import torch

from models.training.batch import gathered
from models.training.pseudo_labels import relabelled


def test_labels_are_the_networks_and_turn_with_their_pictures(drawn):
    batch = gathered([drawn(pseudo=True).example(number) for number in range(40)])
    asked = []

    def predict(chosen):
        asked.append(chosen)
        return chosen.image[:, :1] * 2 - 0.5  # in places below 0 and above 1

    made = relabelled(batch, predict, seed=3)
    assert asked[0].size == 20
    turned = shuffled = 0
    for place in range(40):
        if place % 2:
            assert torch.equal(made.image[place], batch.image[place])
            assert torch.equal(made.alpha[place], batch.alpha[place])
            continue
        label = (batch.image[place, :1] * 2 - 0.5).clamp(0, 1)
        label[batch.trimap[place] == 0] = 0
        label[batch.trimap[place] == 255] = 1
        alike = [k for k in range(4) if torch.equal(made.trimap[place], torch.rot90(batch.trimap[place], k, (1, 2)))]
        same_colours = torch.equal(made.image[place].sort(0).values, batch.image[place].sort(0).values)
        if same_colours and 0 in alike and torch.equal(made.alpha[place], label):
            shuffled += 1
            assert not torch.equal(made.image[place], batch.image[place])
        else:
            turned += 1
            turns = [k for k in alike if torch.equal(made.image[place], torch.rot90(batch.image[place], k, (1, 2)))]
            assert turns and any(torch.equal(made.alpha[place], torch.rot90(label, k, (1, 2))) for k in turns)
    assert turned > 3 and shuffled > 3


def test_the_same_seed_makes_the_same_samples(drawn):
    batch = gathered([drawn(pseudo=True).example(number) for number in range(6)])
    one, other, third = (relabelled(batch, lambda b: b.alpha, seed).image for seed in (5, 5, 6))
    assert torch.equal(one, other) and not torch.equal(one, third)


def test_a_batch_without_marks_asks_nothing(drawn):
    batch = gathered([drawn().example(number) for number in range(2)])
    assert relabelled(batch, lambda _: 1 / 0, seed=1) is batch
    assert np.isfinite(batch.image.numpy()).all()
