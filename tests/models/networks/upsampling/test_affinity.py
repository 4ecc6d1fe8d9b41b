"""A2U's kernels: against the oracle, the counts of Table 4.2, and the bilinear model written out."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from models.networks.upsampling.affinity import Affinity, AffinityForm, published_name
from models.networks.whole_image import forget, parts_of, recording
from tests.models.networks import oracles

STAGES = (64, 64, 128, 256)
TABLE = [
    ({"conditioning": "static", "encodings": None, "pointwise": True}, 102_436),
    ({"conditioning": "static", "encodings": None}, 25_744),
    ({"conditioning": "hybrid", "encodings": None, "bias": False}, 44_032),
    ({"conditioning": "hybrid", "bias": False}, 18_632),
    ({"encodings": None, "bias": False}, 198_656),
    ({}, 19_608),
    ({"paired": True}, 38_184),
    ({"paired": True, "normalised": True}, 40_232),
    ({"paired": True, "normalised": True, "encodings": None}, 220_448),
]
FORMS = [
    AffinityForm(conditioning=conditioning, encodings=encodings, pointwise=pointwise, k_up=k_up, groups=groups)
    for conditioning in ("static", "hybrid", "dynamic")
    for encodings, pointwise, k_up, groups in ((1, False, 3, 1), (None, True, 1, 2), (4, False, 5, 2), (2, True, 3, 1))
]


def _x(channels: int = 8, height: int = 12, width: int = 16, batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, channels, height, width, generator=torch.Generator().manual_seed(3))


def test_the_published_operator_agrees_with_the_oracle() -> None:
    operator = Affinity(64)
    listed = {name: tuple(shape) for name, shape in oracles.keys("module_keys")["a2u_updown_c64"]["state_dict"]}
    assert {published_name(name): tuple(v.shape) for name, v in operator.state_dict().items()} == listed
    oracles.fill(operator, published_name)
    with torch.no_grad():
        guide = operator.guide(torch.from_numpy(oracles.golden("a2u/updown_c64_share1/in")))
    assert guide.down is not None and guide.up is not None
    expected = [torch.from_numpy(oracles.golden(f"a2u/updown_c64_share1/{way}")) for way in ("down", "up")]
    torch.testing.assert_close([guide.down, guide.up], expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("settings", "count"), TABLE)
def test_the_operators_of_the_table_have_its_counts(settings: dict[str, object], count: int) -> None:
    sketch: dict[str, object] = {"paired": False, "normalised": False, "k_encode": 5}
    with torch.device("meta"):
        operators = [Affinity(channels, AffinityForm(**(sketch | settings))) for channels in STAGES]  # type: ignore[arg-type]
    assert sum(p.numel() for operator in operators for p in operator.parameters()) == count


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_every_form_halves_and_doubles_by_weights_that_sum_to_one(form: AffinityForm) -> None:
    torch.manual_seed(0)
    operator, x = Affinity(8, form), _x()
    guide = operator.guide(x)
    assert guide.down is not None and guide.up is not None
    assert guide.down.shape == (2, form.groups * 4 * form.k_up**2, 6, 8)
    assert guide.up.shape == (2, form.groups * form.k_up**2, 12, 16)
    for kernels in guide:
        assert kernels is not None
        sums = kernels.unflatten(1, (form.groups, -1)).sum(2)
        torch.testing.assert_close(sums, torch.ones_like(sums))
    small = operator.shrink(x, guide)
    assert small.shape == (2, 8, 6, 8)
    operator.enlarge(small, guide).square().sum().backward()
    # The softmax of a kernel of size 1 is 1, whatever made it.
    silent = {n for n, _ in operator.named_parameters() if n.startswith("project_up") and form.k_up == 1}
    assert {n for n, p in operator.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0} == silent


def test_each_sample_of_a_batch_has_its_own_kernels() -> None:
    torch.manual_seed(0)
    operator, x = Affinity(8, AffinityForm(encodings=None, pointwise=True)), _x()
    together = operator.guide(x).up
    apart = [operator.guide(x[n : n + 1]).up for n in range(2)]
    assert together is not None and apart[0] is not None and apart[1] is not None
    torch.testing.assert_close(together, torch.cat([apart[0], apart[1]]))
    assert (together[0] - together[1]).abs().max() > 1e-3


@pytest.mark.parametrize(("scaled", "scale"), [(True, math.sqrt(3)), (False, 1)])
def test_static_kernels_are_the_bilinear_model_of_equation_4_4(scaled: bool, scale: float) -> None:
    torch.manual_seed(0)
    form = AffinityForm(
        "static", None, paired=False, normalised=False, k_encode=5, normalisation="softmax", scaled=scaled
    )
    operator, x = Affinity(3, form), _x(3, 6, 8, 1)
    u, v, p = (part.weight.detach() for part in (operator.encode_u, operator.encode_v, operator.project_up))
    patches = functional.unfold(x, 5, padding=2, stride=2).reshape(3, 25, 3, 4)
    s = ((u.reshape(3, 25, 1, 1) * patches).sum(1) * (v.reshape(3, 25, 1, 1) * patches).sum(1)).sum(0) / scale
    guide = operator.guide(x)
    assert guide.up is not None and guide.down is None
    for row, column in ((0, 0), (3, 5), (5, 6)):
        place = row % 2 * 2 + column % 2
        expected = (p.reshape(9, 4)[:, place] * s[row // 2, column // 2]).softmax(0)
        torch.testing.assert_close(guide.up[0, :, row, column], expected)


def test_the_normalisations_of_table_4_4_differ_by_the_sigmoid() -> None:
    def kernels(normalisation: str) -> torch.Tensor:
        torch.manual_seed(0)
        found = Affinity(8, AffinityForm("hybrid", normalisation=normalisation)).guide(_x()).up
        assert found is not None
        return found

    alone = kernels("sigmoid")
    torch.testing.assert_close(kernels("sigmoid+softmax"), alone.softmax(1))
    torch.testing.assert_close(kernels("softmax"), torch.logit(alone).softmax(1), atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("conditioning", ["static", "hybrid", "dynamic"])
def test_pieces_with_the_whole_maps_summary_answer_as_the_whole_away_from_their_borders(conditioning: str) -> None:
    torch.manual_seed(0)
    operator, x = Affinity(8, AffinityForm(conditioning)), _x(8, 40, 48, 1)
    with torch.no_grad():
        with recording(operator):
            whole = operator.guide(x)
        kept = operator.guide(x[:, :, 8:32, 16:40])
        forget(operator)
        alone = operator.guide(x[:, :, 8:32, 16:40])
    assert whole.up is not None and kept.up is not None and alone.up is not None
    expected = whole.up[:, :, 12:28, 20:36]
    torch.testing.assert_close(kept.up[:, :, 4:20, 4:20], expected, atol=1e-6, rtol=1e-4)
    assert (alone.up[:, :, 4:20, 4:20] - expected).abs().max() > 1e-4


def test_learned_weights_without_normalisation_look_at_no_whole() -> None:
    assert not parts_of(Affinity(8, AffinityForm("static", normalised=False)))


@pytest.mark.parametrize("settings", [{"conditioning": "x"}, {"normalisation": "x"}, {"k_up": 2}, {"groups": 0}])
def test_settings_that_are_none_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        AffinityForm(**settings)  # type: ignore[arg-type]


def test_encodings_that_the_channels_cannot_share_are_refused() -> None:
    with pytest.raises(ValueError, match="share 3"):
        Affinity(8, AffinityForm(encodings=3))
