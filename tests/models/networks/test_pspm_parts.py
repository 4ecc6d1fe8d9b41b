"""PSPM's parts, each beside a slow computation of what the thesis says of it."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from models.networks.pspm_affinity import PixelAffinity
from models.networks.pspm_matting import SharedEncoder
from models.networks.pspm_modulation import FeatureModulation
from models.networks.pspm_segmentation import (
    AtrousPyramid,
    DeepLabDecoder,
    ImagePooling,
    PyramidDecoder,
    SegmentationNetwork,
)
from models.networks.pspm_trimap import decided, probabilities, summed
from models.networks.whole_image import forget, recording


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 3


def test_one_channel_is_foreground_and_half_of_unknown(logits):
    classes, m = probabilities(logits), summed(probabilities(logits))
    assert m.shape == (2, 1, 4, 5)
    for n, y, x in ((0, 0, 0), (1, 3, 4), (0, 2, 1)):
        b, u, f = (math.exp(logits[n, c, y, x]) for c in range(3))
        assert classes[n, 2, y, x].item() == pytest.approx(f / (f + b + u))
        assert m[n, 0, y, x].item() == pytest.approx((f + u / 2) / (f + b + u))
    assert m.min() >= 0 and m.max() <= 1


def test_a_summed_trimap_carries_a_gradient_and_a_decided_one_does_not(logits):
    logits.requires_grad_()
    (gradient,) = torch.autograd.grad(summed(probabilities(logits)).sum(), logits)
    assert gradient.abs().min() > 0
    assert not summed(decided(probabilities(logits))).requires_grad


def test_a_decided_trimap_is_the_likeliest_class_as_0_half_and_1(logits):
    m = summed(decided(probabilities(logits)))
    assert torch.equal(m[:, 0], logits.argmax(dim=1) / 2)


def test_modulation_multiplies_each_channel_by_its_own_m_between_0_and_1():
    torch.manual_seed(0)
    modulation = FeatureModulation(16)
    x = torch.randn(2, 16, 5, 7) * 4
    (m,) = modulation.requires_grad_(False).summarise(x)
    assert m.shape == (2, 16, 1, 1)
    assert m.min() > 0 and m.max() < 1
    assert torch.equal(modulation(x), x * m)
    squeezed = torch.relu(modulation.squeeze.weight[:, :, 0, 0] @ x[1].mean(dim=(1, 2)) + modulation.squeeze.bias)
    excited = modulation.excite.weight[:, :, 0, 0] @ squeezed + modulation.excite.bias
    for channel in (0, 7, 15):
        first, second = math.exp(excited[channel]), math.exp(excited[16 + channel])
        assert m[1, channel].item() == pytest.approx(first / (first + second), rel=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_affinity_is_what_comparing_all_pixels_one_by_one_gives(channels):
    picture = torch.rand(2, channels, 12, 8, generator=torch.Generator().manual_seed(1))
    affinity = PixelAffinity(4)(picture)
    assert affinity.shape == (2, 16, 16)
    for n in range(2):
        small = [
            picture[n, :, 3 * y : 3 * y + 3, 2 * x : 2 * x + 2].mean(dim=(1, 2)) for y in range(4) for x in range(4)
        ]
        distances = [[(one - other).norm().item() for other in small] for one in small]
        sigma = max(map(max, distances)) - min(map(min, distances))
        expected = torch.tensor([[math.exp(-(d**2) / sigma**2) for d in row] for row in distances])
        assert torch.allclose(affinity[n], expected, atol=1e-5)


def test_affinity_lies_between_1_over_e_and_1_whatever_the_contrast():
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    affinity = PixelAffinity(8)(picture)
    assert affinity.min().item() == pytest.approx(1 / math.e, rel=1e-4) and affinity.max() == 1
    assert torch.allclose(PixelAffinity(8)(picture * 0.01), affinity, atol=1e-4)
    assert (PixelAffinity(8)(torch.full((1, 1, 16, 16), 0.4)) == 1).all(), "one colour: all alike"


def test_affinity_of_alpha_that_follows_the_image_is_nearer_to_it_and_its_gradient_leads_there():
    ramp = torch.linspace(0, 1, 16).expand(1, 1, 16, 16)
    image, across = ramp.repeat(1, 3, 1, 1), ramp.transpose(2, 3).clone().requires_grad_()
    affinity = PixelAffinity(8)
    assert torch.allclose(affinity(ramp), affinity(image), atol=1e-5)
    loss = (affinity(across) - affinity(image)).norm()
    (gradient,) = torch.autograd.grad(loss, across)
    assert torch.isfinite(gradient).all() and gradient.abs().max() > 0
    nearer = (affinity(across - 0.01 * gradient) - affinity(image)).norm()
    assert nearer < loss
    flat = torch.full((1, 1, 16, 16), 0.4, requires_grad=True)
    (gradient,) = torch.autograd.grad((affinity(flat) - affinity(image)).norm(), flat)
    assert torch.isfinite(gradient).all()


def test_affinity_of_a_single_pixel_is_refused():
    with pytest.raises(ValueError, match="2 or more"):
        PixelAffinity(1)


@pytest.fixture(scope="module")
def encoder() -> SharedEncoder:
    torch.manual_seed(0)
    return SharedEncoder().eval()


def test_the_shared_encoder_pools_layers_0_2_3_and_4_and_knows_where_the_maxima_were(encoder):
    with torch.no_grad():
        found = encoder(torch.randn(1, 3, 48, 80))
    shapes = [tuple(feature.shape[1:]) for feature in found.features]
    assert shapes == [
        (32, 48, 80), (16, 24, 40), (24, 24, 40), (32, 12, 20), (64, 6, 10), (96, 3, 5), (160, 3, 5), (320, 3, 5),
    ]  # fmt: skip
    assert sorted(found.pooled) == sorted(found.indices) == [0, 2, 3, 4]
    for number, pooled in found.pooled.items():
        feature = found.features[number]
        assert torch.equal(pooled, functional.max_pool2d(feature, 2))
        assert torch.equal(feature.flatten(2).gather(2, found.indices[number].flatten(2)), pooled.flatten(2))


def test_with_modulation_every_layer_sees_the_modulated_answer_of_the_one_before():
    torch.manual_seed(0)
    encoder = SharedEncoder(modulated=True).eval()
    assert encoder.modulation is not None and len(encoder.modulation) == 8
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        found = encoder(x)
        first = encoder.modulation[0](encoder.backbone.layer(0)(x))
        second = encoder.modulation[1](encoder.backbone.layer(1)(functional.max_pool2d(first, 2)))
    assert torch.equal(found.features[0], first)
    assert torch.equal(found.features[1], second)


def test_the_images_mean_is_that_of_the_whole_while_pieces_are_worked_on():
    torch.manual_seed(0)
    pooling = ImagePooling(8, 6).eval()
    whole = torch.rand(1, 8, 10, 14)
    with torch.no_grad():
        with recording(pooling):
            laid = pooling(whole)
        within = pooling(whole[..., :4, :5].expand(3, -1, -1, -1))
        forget(pooling)
        alone = pooling(whole[..., :4, :5])
    assert laid.shape == (1, 6, 10, 14) and within.shape == (3, 6, 4, 5)
    assert torch.equal(within[2, :, 0, 0], laid[0, :, 9, 13])
    assert not torch.allclose(alone[0, :, 0, 0], laid[0, :, 0, 0])


def test_the_atrous_pyramid_sees_a_pixel_18_away_but_not_between_its_dilations():
    torch.manual_seed(0)
    pyramid = AtrousPyramid().eval()
    x = torch.zeros(1, 320, 41, 41)
    lit = x.clone()
    lit[..., 20, 20] = 1
    with torch.no_grad():
        changed = [(dilated(lit) - dilated(x)).abs().amax(dim=1)[0] > 0 for dilated in pyramid.dilated]
    for seen, dilation in zip(changed, (6, 12, 18), strict=True):
        assert set(seen.nonzero().flatten().tolist()) <= {20 - dilation, 20, 20 + dilation}
        assert seen[20 + dilation, 20 - dilation]


def test_deeplabs_decoder_answers_at_a_quarter_and_pspnets_at_a_sixteenth():
    high, low = torch.randn(1, 320, 3, 5), torch.randn(1, 24, 12, 20)
    with torch.no_grad():
        assert DeepLabDecoder().eval()(high, low).shape == (1, 3, 12, 20)
        assert PyramidDecoder().eval()(high, low).shape == (1, 3, 3, 5)


def test_a_segmentation_network_answers_at_the_pictures_own_size():
    torch.manual_seed(0)
    for kind in ("deeplab", "pspnet"):
        with torch.no_grad():
            answer = SegmentationNetwork(kind).eval()(torch.randn(2, 3, 48, 80))
        assert answer.shape == (2, 3, 48, 80)
        assert torch.isfinite(answer).all()
