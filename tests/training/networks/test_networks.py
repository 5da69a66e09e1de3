"""The networks are the papers', to the last parameter, and can be rebuilt with odd widths."""

import pytest
import torch
from torch import nn

from fer_live.errors import SettingsError
from fer_live.training.networks import ARCHITECTURES, build, train_last
from fer_live.training.networks.compact import Compact
from fer_live.training.networks.separable import SeparableCompact, SeparableResidual

pytestmark = pytest.mark.training

FROM_THE_PAPERS = {
    ("rath1", 8): 2_168_776,  # paper 002, figure 5
    ("mini-xception", 7): 56_951,  # the trainable ones of the published 58,423
    ("xception", 1000): 22_855_952,  # Chollet's own, without the moving averages
    ("cnn1", 7): 260 + 5_020 + 23_120 * 120 + 120 + 121 * 250 + 251 * 7,  # 34^2 * 20 inputs
    ("cnn4", 7): 100 + 1_820 + 38 * 38 * 20 * 120 + 120 + 121 * 250 + 251 * 7,
}
OURS = {
    ("cnn6", 8): 411_264,
    ("lenet", 7): 21_319,
    ("lenet-90x72", 7): 42_375,
    ("rath1-150", 8): 21_829_576,
    ("rath2", 8): 214_776,
    ("rath2-150", 8): 2_518_776,
    ("small-cnn", 7): 300_231,
    ("mlp", 2): 10 * 8 + 8 + 8 * 2 + 2,
    ("cnn2", 7): 5_845_537,
    ("cnn3", 7): 5_868_167,
    ("googlenet", 7): 5_607_079,
    ("resnet18", 7): 11_180_103,
    ("squeezenet", 7): 726_087,
}
LIGHT = [name for name, known in ARCHITECTURES.items() if known.size_hw[0] < 100]


def parameter_count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


@pytest.mark.parametrize(("name", "classes"), [*FROM_THE_PAPERS, *OURS])
def test_each_network_has_exactly_its_parameters(name: str, classes: int) -> None:
    expected = (FROM_THE_PAPERS | OURS)[name, classes]
    assert parameter_count(build(name, classes=classes)) == expected


def test_no_network_is_left_uncounted() -> None:
    counted = {name for name, _ in FROM_THE_PAPERS | OURS}
    compact = {"compact-small", "compact-tiny", "compact-base", "compact-fine"}
    ours = {*compact, "separable-small", "full", "full-halved"}
    assert set(ARCHITECTURES) - counted == {*ours, "facenet"}


@pytest.mark.parametrize(
    ("name", "budget"),
    [("compact-small", 175_000), ("separable-small", 175_000), ("compact-tiny", 60_000)],
)
def test_our_family_keeps_its_budget_with_two_heads(name: str, budget: int) -> None:
    assert parameter_count(build(name, classes=15)) <= budget


def test_a_stage_of_our_family_has_as_many_blocks_as_asked_for() -> None:
    deep = Compact((4, 5, 6, 7, 8, 9, 10, 11, 12), classes=3)
    second = {k: tuple(v.shape[:2]) for k, v in deep.state_dict().items() if "conv2.weight" in k}
    assert list(second.values()) == [(6, 5), (8, 7), (8, 9), (11, 10), (11, 12)]
    assert deep(torch.rand(2, 1, 48, 48)).shape == (2, 3)


def test_a_separable_stage_halves_the_side_for_both_ways_at_once() -> None:
    block = SeparableResidual(4, 6, 5, stride=2).eval()
    maps = torch.rand(2, 4, 8, 8)
    within = maps.reshape(2, 4, 4, 2, 4, 2).flip(3, 5).reshape(2, 4, 8, 8)
    assert not torch.equal(within, maps)
    torch.testing.assert_close(block(within), block(maps))
    assert block(maps).shape == (2, 5, 4, 4)


def test_a_separable_network_has_as_many_blocks_as_asked_for() -> None:
    network = SeparableCompact((4, 5, 6, 7, 8, 9, 10, 11, 12), classes=3, blocks=(1, 2, 2))
    state = network.state_dict()
    points = [tuple(v.shape[:2]) for k, v in state.items() if "conv2.pointwise" in k]
    assert points == [(6, 5), (8, 7), (8, 9), (11, 10), (11, 12)]
    assert network(torch.rand(2, 1, 48, 48)).shape == (2, 3)


def test_a_fine_block_lies_before_the_pool_and_begins_as_the_identity() -> None:
    plain = Compact((4, 5, 6, 7, 8, 9, 10, 11, 12), classes=3).eval()
    fine = Compact((4, 9, 5, 6, 7, 8, 9, 10, 11, 12), classes=3, fine=1).eval()
    assert fine.state_dict()["stem.4.conv1.weight"].shape == (9, 4, 3, 3)
    fine.load_state_dict(plain.state_dict(), strict=False)
    pictures = torch.rand(2, 1, 48, 48)
    torch.testing.assert_close(fine(pictures), plain(pictures), rtol=0, atol=0)
    torch.nn.init.ones_(fine.get_parameter("stem.4.norm2.weight"))
    assert not torch.allclose(fine(pictures), plain(pictures))


@pytest.mark.parametrize("name", LIGHT)
def test_a_network_gives_one_finite_logit_a_label_and_learns(name: str) -> None:
    known = ARCHITECTURES[name]
    network = build(name, classes=7)
    shape = (known.channels, *known.size_hw) if len(known.size_hw) > 1 else known.size_hw
    logits = network(torch.rand(3, *shape))
    assert logits.shape == (3, 7)
    logits.square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("name", [n for n in LIGHT if ARCHITECTURES[n].widths])
def test_every_width_is_an_argument(name: str) -> None:
    widths = [w - 1 for w in ARCHITECTURES[name].widths]
    odd = build(name, widths, classes=5).eval()
    again = build(name, widths, classes=5).eval()
    again.load_state_dict(odd.state_dict(), strict=True)
    known = ARCHITECTURES[name]
    shape = (known.channels, *known.size_hw) if len(known.size_hw) > 1 else known.size_hw
    pictures = torch.rand(2, *shape)
    torch.testing.assert_close(odd(pictures), again(pictures), rtol=0, atol=0)
    assert parameter_count(odd) < parameter_count(build(name, classes=5))


def test_facenet_and_its_last_layers_are_those_of_paper_003() -> None:
    network = build("facenet", classes=7)
    assert parameter_count(network) == 23_486_215
    trained = {}
    for layers in (9, 6, 4, 2, 1):
        train_last(network, layers)
        trained[layers] = parameter_count(network)
    assert trained == {9: 20_773_383, 6: 2_522_887, 4: 922_119, 2: 4_615, 1: 3_591}


def test_a_wrong_name_or_number_of_widths_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match=r"no architecture 'cnn7'; known are cnn1, .*cnn6"):
        build("cnn7")
    with pytest.raises(SettingsError, match=r"cnn6 has 5 widths.*got \(16, 32\)"):
        build("cnn6", (16, 32))
