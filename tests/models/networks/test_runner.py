"""The runner: weights in strictly, numpy in and out, the device and precision said, memory and cancelling foreseen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from models import loaded
from models.networks import runner
from models.networks.backbones.resnet import conv_norm
from models.networks.demand import Demand
from models.networks.device import check_precision, choose_device
from models.networks.fusing import fuse_batch_norms
from models.networks.runner import Runner
from models.networks.whole_image import FromWholeImage, Summary
from models.prepare import known_kept, network_input
from models.running import Predictor
from models.tiling import matte_in_pieces
from tests.models.predictors import ringed_photo, silent, spec_of


class Mean(FromWholeImage):
    """The mean of the whole, less each pixel."""

    def summarise(self, x: torch.Tensor) -> Summary:
        return (x.mean(dim=(2, 3), keepdim=True),)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - self.summary(x)[0]


class Small(nn.Module):
    """Two convolutions with norms, and a part that looks at the whole picture."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(4, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.whole = Mean()
        self.head = nn.Sequential(nn.Conv2d(width, 1, 3, padding=1), nn.BatchNorm2d(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.whole(self.body(x)))


SPEC = replace(spec_of(stride=16), code=f"{__name__}:Small")


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    small = Small()
    for norm in (small.body[1], small.head[1]):
        norm.running_mean.uniform_(-0.5, 0.5)
        norm.running_var.uniform_(0.5, 2)
        nn.init.uniform_(norm.weight, 0.5, 2)
    nn.init.constant_(small.head[1].weight, 0.2)
    nn.init.constant_(small.head[1].bias, 0.5)
    return small.eval()


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_file(network.state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def build_here(monkeypatch):
    """The networks of this file can be named by their class alone, however pytest has imported it."""

    def build(spec, device="cpu"):
        with torch.device(device):
            return Small().eval()

    monkeypatch.setattr(runner, "build", build)


@pytest.fixture
def inputs() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, 4, 48, 64)).astype(np.float32)


def test_the_answers_are_the_networks_own_though_its_norms_are_fused(network, weights, inputs):
    made: Predictor = Runner(SPEC, weights, "cpu")
    (answer,) = made.predict(inputs)
    with torch.no_grad():
        expected = network(torch.from_numpy(inputs)).numpy()
    assert answer.dtype == np.float32 and answer.shape == (1, 1, 48, 64)
    assert np.abs(answer - expected).max() < 1e-5


def test_fusing_takes_every_norm_behind_a_convolution():
    network = Small().eval()
    assert fuse_batch_norms(network) == 2
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_fusing_an_activated_norm_keeps_its_answer_and_its_activation():
    torch.manual_seed(0)
    sequence = nn.Sequential(*conv_norm(3, 4, 3), *conv_norm(4, 2, 1, activate=False)).eval()
    for norm in (sequence[1], sequence[3]):
        norm.running_mean.uniform_(-0.5, 0.5)
        norm.running_var.uniform_(0.5, 2)
        nn.init.uniform_(norm.weight, -2, 2)  # its sign does not count
        nn.init.uniform_(norm.bias, -1, 1)
    x = torch.randn(1, 3, 8, 8)
    with torch.no_grad():
        expected = sequence(x)
        assert fuse_batch_norms(sequence) == 2
        assert [type(module) for module in sequence] == [nn.Conv2d, nn.LeakyReLU, nn.Conv2d, nn.Identity]
        assert (sequence(x) - expected).abs().max() < 1e-5


def test_without_a_gpu_auto_is_the_cpu_and_says_why(weights, monkeypatch):
    monkeypatch.setattr("models.networks.device._gpus", list)
    made = Runner(SPEC, weights)
    assert (made.device, made.precision) == ("cpu", "float32")
    assert made.reason == "CPU, float32: no GPU was found"
    assert choose_device("auto").device == "cpu"


@pytest.mark.parametrize(("wish", "words"), [("cuda", "NVIDIA GPU"), ("mps", "Apple GPU"), ("abacus", "no device")])
def test_a_device_that_is_not_here_is_a_sentence_and_nothing_runs_elsewhere(weights, monkeypatch, wish, words):
    monkeypatch.setattr("models.networks.device._gpus", list)
    with pytest.raises(ValueError, match=words):
        Runner(SPEC, weights, wish)


def test_the_first_gpu_that_is_here_is_taken(monkeypatch):
    monkeypatch.setattr("models.networks.device._gpus", lambda: ["cuda", "mps"])
    assert [choose_device(wish).device for wish in ("auto", "mps", "cpu")] == ["cuda", "mps", "cpu"]
    with pytest.raises(ValueError, match="precision"):
        check_precision("float8")


def test_a_precision_that_keeps_alpha_is_taken_and_one_that_moves_it_is_not(weights, monkeypatch):
    monkeypatch.setattr(runner, "SAME_ALPHA", 1.0)
    kept = Runner(SPEC, weights, "cpu", "bfloat16")
    assert kept.precision == "bfloat16" and kept.reason == "CPU, bfloat16: as chosen"
    monkeypatch.setattr(runner, "SAME_ALPHA", 1e-9)
    strict = Runner(SPEC, weights, "cpu", "bfloat16")
    assert strict.precision == "float32" and "in bfloat16 alpha would move by" in strict.reason


def test_a_gpu_that_cannot_compute_the_network_gives_way_to_the_cpu_and_that_is_said(weights, monkeypatch):
    monkeypatch.setattr("models.networks.device._gpus", lambda: ["mps"])
    tried: list[tuple[str, str]] = []
    go = Runner._go_to

    def refuse(self, device, precision):
        tried.append((device, precision))
        go(self, "cpu", "float32")
        self.device = device

    def difference(self, truth):
        return "it cannot be computed"

    monkeypatch.setattr(Runner, "_go_to", refuse)
    monkeypatch.setattr(Runner, "_difference_from", difference)
    made = Runner(SPEC, weights)
    assert made.reason == "CPU, float32: on the GPU it cannot be computed"
    assert [precision for device, precision in tried if device == "mps"] == ["float16", "bfloat16", "float32"]
    with pytest.raises(ValueError, match="cannot run there"):
        Runner(SPEC, weights, "mps")


def test_the_ticks_rise_to_1_and_what_a_tick_raises_ends_predict(weights, inputs):
    made = Runner(SPEC, weights, "cpu")
    shares: list[float] = []
    made.tick = shares.append
    made.predict(inputs)
    assert len(shares) >= 5 and shares == sorted(shares) and shares[-1] == 1.0

    def stop(share: float) -> None:
        raise KeyError("stop")

    made.tick = stop
    with pytest.raises(KeyError):
        made.predict(inputs)
    made.tick = None
    assert made.predict(inputs)[0].shape == (1, 1, 48, 64)


def test_what_the_network_draws_from_the_whole_is_kept_until_it_is_forgotten(network, weights, inputs):
    made = Runner(SPEC, weights, "cpu")
    alone = made.predict(inputs)[0]
    made.remember_whole(inputs + 1)
    remembered = made.predict(inputs)[0]
    assert np.abs(remembered - alone).max() > 0.01
    made.remember_whole(inputs)
    assert np.abs(made.predict(inputs)[0] - alone).max() < 1e-5
    made.remember_whole(inputs + 1)
    made.remember_whole(None)
    assert np.array_equal(made.predict(inputs)[0], alone)


def test_a_look_at_the_whole_that_is_stopped_leaves_nothing_behind(weights, inputs):
    made = Runner(SPEC, weights, "cpu")
    alone = made.predict(inputs)[0]

    def stop(share: float) -> None:
        if share == 1.0:
            raise KeyError("stop")

    made.tick = stop
    with pytest.raises(KeyError):
        made.remember_whole(inputs + 1)
    made.tick = None
    assert np.array_equal(made.predict(inputs)[0], alone)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes."),
        RuntimeError("MPS backend out of memory"),
    ],
)
def test_out_of_memory_is_a_memory_error_and_the_predictor_stays_usable(weights, inputs, monkeypatch, error):
    made = Runner(SPEC, weights, "cpu")

    def refuse(*arguments):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(made._network.whole, "forward", refuse)
        with pytest.raises(MemoryError):
            made.predict(inputs)
        with pytest.raises(MemoryError):
            made.remember_whole(inputs)
    assert made.predict(inputs)[0].shape == (1, 1, 48, 64)


def test_other_faults_of_torch_pass_as_they_are(weights, inputs, monkeypatch):
    made = Runner(SPEC, weights, "cpu")

    def refuse(*arguments):
        raise RuntimeError("a bug")

    monkeypatch.setattr(made._network.whole, "forward", refuse)
    with pytest.raises(RuntimeError, match="a bug"):
        made.predict(inputs)


@pytest.mark.parametrize("shape", [(1, 3, 48, 64), (1, 4, 47, 64), (1, 4, 48, 60), (4, 48, 64), (0, 4, 48, 64)])
def test_inputs_of_a_wrong_shape_are_a_sentence(weights, shape):
    with pytest.raises(ValueError, match="takes"):
        Runner(SPEC, weights, "cpu").predict(np.zeros(shape, np.float32))


def test_weights_that_do_not_fit_exactly_are_a_sentence(network, tmp_path):
    path = tmp_path / "wrong.safetensors"
    state = network.state_dict()
    for change in (
        {name: value for name, value in state.items() if name != "head.0.bias"},
        {**state, "more": torch.zeros(1)},
        {**state, "head.0.weight": torch.zeros(1, 8, 5, 5)},
    ):
        save_file(change, path)
        with pytest.raises(ValueError, match="1 of its"):
            Runner(SPEC, path, "cpu")


def test_only_whole_safetensors_files_are_read(weights, network, tmp_path):
    pickled = tmp_path / "pickled.safetensors"
    torch.save(network.state_dict(), pickled)
    half = tmp_path / "half.safetensors"
    half.write_bytes(weights.read_bytes()[:-50])
    for path in (pickled, half):
        with pytest.raises(ValueError, match="no whole safetensors"):
            Runner(SPEC, path, "cpu")
    with pytest.raises(ValueError, match="not there"):
        Runner(SPEC, tmp_path / "gone.safetensors", "cpu")


def test_the_room_for_a_piece_grows_with_the_memory_and_holds_what_it_says(weights):
    made = Runner(SPEC, weights, "cpu")
    small, large = made.most_pixels(10_000_000), made.most_pixels(40_000_000)
    assert 3.9 < large / small < 4.1
    # the input, and the features before and after a layer: at least so much is alive at once
    assert 10_000_000 / (4 * 64) < small < 10_000_000 / (4 * (4 + 8 + 8))
    assert made.most_pixels(0) > 256 * 256


def test_reckoning_the_room_can_be_stopped_and_is_then_done_again(weights, monkeypatch):
    monkeypatch.setattr(runner, "_demands", {})
    made = Runner(SPEC, weights, "cpu")

    def stop(share: float) -> None:
        raise KeyError("stop")

    made.tick = stop
    with pytest.raises(KeyError):
        made.most_pixels(0)
    made.tick = None
    assert made.most_pixels(0) > 256 * 256


def test_attention_makes_the_room_grow_more_slowly_than_the_memory():
    class Attention(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            tokens = torch.nn.functional.avg_pool2d(x, 8).flatten(2)
            scores = tokens.transpose(1, 2) @ tokens
            return x + scores.mean()

    demand = Demand(Attention(), 4)
    small, large = demand.pixels_for_bytes(10**9), demand.pixels_for_bytes(4 * 10**9)
    assert 1.8 < large / small < 3
    assert demand.bytes_for(small) <= 10**9 < demand.bytes_for(int(1.01 * small))
    assert demand.pixels_for_macs(10**9) < demand.pixels_for_macs(2 * 10**9)


def test_a_network_is_loaded_once_for_two_runs_and_at_most_two_are_kept(monkeypatch, weights, tmp_path):
    made: list[str] = []

    def load(name, path, device, precision):
        made.append(name)
        return Runner(SPEC, path, "cpu")

    monkeypatch.setattr(loaded, "load", load)
    loaded.let_go()
    for name in ("a", "a", "b", "a", "c", "b"):
        with loaded.borrowed(name, weights) as predictor:
            assert predictor.spec is SPEC
    assert made == ["a", "b", "c", "b"]
    with loaded.borrowed("b", weights) as first, loaded.borrowed("b", weights) as second:
        assert first is not second, "one predictor is never lent twice at a time"
    loaded.let_go()


def test_with_the_whole_remembered_pieces_give_what_the_photo_gives_at_once(weights, monkeypatch):
    image, trimap = ringed_photo(160, 240)
    made = Runner(replace(SPEC, margin_px=16), weights, "cpu")
    whole = network_input(image, trimap, 16)
    at_once = made.predict(whole)[0][0, 0, :160, :240]
    made.remember_whole(whole)
    monkeypatch.setattr(made, "remember_whole", lambda inputs: None)
    alpha = matte_in_pieces(made, image, trimap, silent, limit_bytes=2_000_000)
    assert np.abs(alpha - known_kept(at_once, trimap)).max() < 1e-4
