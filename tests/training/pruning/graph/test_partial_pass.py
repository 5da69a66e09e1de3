"""Who writes into a sum: found as the network runs, whatever the sum is written like."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from fer_live.training.pruning.graph.partial_pass import sum_with
from tests.support.toy_networks import pictures

pytestmark = pytest.mark.training


class Written(nn.Module):
    """Two convs of one input, and what is done with what they say."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 4, 1), nn.Conv2d(1, 4, 1)
        self.way, self.behind = way, 0

    def forward(self, x: Tensor) -> Tensor:
        said, other = self.first(x), self.second(x)
        ways: dict[str, Any] = {
            "plus": lambda: said + other,
            "plus, the other first": lambda: other + said,
            "torch.add": lambda: torch.add(other, said),
            "in place": lambda: other.add_(said),
            "activated": lambda: said.relu() + other,
            "activated in place": lambda: nnf.relu(said, inplace=True) + other,
            "a number": lambda: said + 0.5,
            "one value a channel": lambda: said + other.mean((2, 3), keepdim=True),
            "twice itself": lambda: said + said,
            "side by side": lambda: torch.cat([said, other], 1),
        }
        found: Tensor = ways[self.way]()
        self.behind += 1
        return found


@pytest.mark.parametrize("way", ["plus", "plus, the other first", "torch.add", "in place"])
def test_a_sum_is_found_and_nothing_behind_it_is_run(way: str) -> None:
    network, batch = Written(way).eval(), pictures(0, 3)
    with torch.no_grad():
        expected = network.first(batch) + network.second(batch)
    found = sum_with(network.first, network, batch)
    assert found is not None
    torch.testing.assert_close(found, expected)
    assert network.behind == 0


@pytest.mark.parametrize(
    "way",
    [
        "activated",
        "activated in place",
        "a number",
        "one value a channel",
        "twice itself",
        "side by side",
    ],
)
def test_what_is_changed_first_or_goes_elsewhere_is_no_term_of_a_sum(way: str) -> None:
    network = Written(way).eval()
    assert sum_with(network.first, network, pictures(0, 3)) is None
    assert network.behind == 1


def test_a_layer_is_as_it_was_after_it_was_asked() -> None:
    network = Written("plus").eval()
    sum_with(network.first, network, pictures(0, 1))
    assert not network.first._forward_hooks
    assert network(pictures(0, 2)).shape == (2, 4, 12, 12)
