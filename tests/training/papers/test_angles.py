"""Angles are those of the activation vectors themselves, and tell a stuck network from another."""

import math
import xml.etree.ElementTree as ET
from itertools import combinations

import numpy as np
import pytest
import torch
from torch import nn

from fer_live.errors import SettingsError
from fer_live.training.networks import build
from fer_live.training.papers.angle_plot import plot
from fer_live.training.papers.angles import (
    AngleWatch,
    LayerAngles,
    UnitAngles,
    hidden_layers,
    still_since,
    verdict,
)

pytestmark = pytest.mark.training


def network() -> nn.Module:
    """A CNN6 of few channels, none of them dead."""
    torch.manual_seed(0)
    made = build("cnn6", (4, 5, 6, 7, 8), classes=7)
    for layer in made.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.constant_(layer.bias, 0.5)
    return made


def test_every_layer_but_the_first_is_followed_in_the_order_in_which_they_run() -> None:
    found = hidden_layers(build("compact-tiny", classes=7), torch.rand(1, 1, 48, 48))
    assert found[0] == "features.0.conv1"
    assert found[-1] == "out"
    assert len(found) == len(set(found)) == 14


def test_a_layer_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match=r"angles\.layers: the network has no layer conv9"):
        hidden_layers(network(), torch.rand(1, 1, 48, 48), ("last", "conv9"))


def test_the_quantiles_are_those_of_vectors_that_are_kept_whole() -> None:
    watched, probe = network(), torch.rand(6, 1, 48, 48)
    seen: list[torch.Tensor] = []
    handle = watched.get_submodule("last").register_forward_pre_hook(
        lambda _, args: seen.append(args[0])
    )
    with torch.no_grad():
        watched.eval()(probe)
    handle.remove()
    units = seen[0].transpose(0, 1).flatten(1).double().numpy()
    centred = units - units.mean(axis=1, keepdims=True)
    angles = [
        math.degrees(math.acos(a @ b / math.sqrt((a @ a) * (b @ b))))
        for a, b in combinations(centred, 2)
    ]
    (look,) = AngleWatch(watched, probe, ["last"]).look(0)
    told = look.spread["centred"]
    assert told.pairs == len(angles) == 28
    np.testing.assert_allclose(told.quantiles[2], np.median(angles), atol=1e-6)
    assert told.alike == sum(angle < 15 for angle in angles)


def test_looking_leaves_the_network_as_it_was() -> None:
    watched = network().train()
    before = {key: value.clone() for key, value in watched.state_dict().items()}
    AngleWatch(watched, torch.rand(4, 1, 48, 48), ["features.2.conv", "last"]).look(0)
    assert watched.training
    assert not any(m._forward_pre_hooks for m in watched.modules())
    for key, value in watched.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


def test_weights_that_stay_do_not_move_and_weights_that_change_do() -> None:
    watched, probe = network(), torch.rand(8, 1, 48, 48)
    layers = hidden_layers(watched, probe)
    watch = AngleWatch(watched, probe, layers)
    looks = [look for epoch in range(4) for look in watch.look(epoch)]
    assert all(look.moved_deg in (None, 0.0) for look in looks)
    assert verdict(looks).startswith("Stuck since epoch 1:")
    with torch.no_grad():
        for parameter in watched.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    looks += watch.look(4)
    assert verdict(looks).startswith("Moving: in ")


def test_dead_units_are_counted_and_leave_no_angles() -> None:
    watched, probe = network(), torch.rand(8, 1, 48, 48)
    norm = watched.get_submodule("features.0.norm")
    with torch.no_grad():
        for parameter in norm.parameters():
            parameter[:3] = 0
    watch = AngleWatch(watched, probe, ["features.1.conv"])
    looks = watch.look(0) + watch.look(1)
    assert looks[0].dead == 3
    assert looks[0].spread["centred"].pairs == 0  # one of four is alive
    assert "Dead: 3 of 4 units at features.1.conv." in verdict(looks)


def test_a_table_of_features_has_units_too() -> None:
    mlp = build("mlp", classes=2)
    table = torch.rand(30, 10)
    (look,) = AngleWatch(mlp, table, hidden_layers(mlp, table)).look(0)
    assert look.units == 8
    assert look.spread["minmax"].pairs == 28


def look(epoch: int, moved: float | None) -> LayerAngles:
    spread = {
        kind: UnitAngles((10.0, 40, 80, 100, 150), 90.0, 1, 0, 28) for kind in ("centred", "minmax")
    }
    return LayerAngles(epoch, "a", 8, 0, spread, moved)


def test_a_layer_is_still_since_it_last_moved() -> None:
    moved = [None, 5.0, 2.0, 0.1, 0.05, 0.2]
    assert still_since([look(epoch, one) for epoch, one in enumerate(moved)]) == 3
    assert still_since([look(epoch, one) for epoch, one in enumerate([*moved, 3.0])]) is None


def test_the_plot_is_xml_with_a_panel_a_layer() -> None:
    picture = ET.fromstring(plot([look(0, None), look(1, 2.0)]))
    titles = [text.text or "" for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert sum(title.startswith("a: 8 units, 0 dead") for title in titles) == 1
