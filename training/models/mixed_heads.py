"""Two heads of one network read as one: what both label sources say, at equal frequency, mixed.

FER+'s votes are mostly neutral and happy, FER2013's own labels find more fear and sadness and are
noisier; a face is read best by both together (docs/decisions/0005). With q1 and q2 each head's
calibrated probabilities at the balanced prior, and r what the first gives to labels that only it
knows:

    q = (1 - w) q1 + w (1 - r) q2      for labels of both
    q = q1                             for those of the first alone

The logits are log q + log prior, so that the runtime's rules for both priors hold as for any model.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from fer_live.errors import ModelError

FLOOR: Final = 1e-6
"""Added to q, so that every label has a logarithm, in float16 as well."""
RAREST: Final = 1e-4
"""Prior of a label that training never showed, as exported files have it."""


@dataclass(frozen=True, slots=True)
class Mixing:
    """How two heads are mixed.

    Attributes:
        labels: Of the second head: the first ones of the first head's, in the same order.
        prior: Of the second head.
        temperatures: Of the first and the second.
        weight: w, the second head's share, in (0, 1).
    """

    labels: tuple[str, ...]
    prior: tuple[float, ...]
    temperatures: tuple[float, float]
    weight: float = 0.5

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Mixing":
        """Read it from plain values, as a file holds them."""
        first, second = (float(value) for value in fields["temperatures"])
        return cls(
            tuple(str(label) for label in fields["labels"]),
            tuple(float(value) for value in fields["prior"]),
            (first, second),
            float(fields["weight"]),
        )

    def as_fields(self) -> dict[str, Any]:
        """Return plain values."""
        return dataclasses.asdict(self)

    def check(self, labels: Sequence[str]) -> None:
        """Refuse what cannot be mixed.

        Args:
            labels: Of the first head.

        Raises:
            ModelError: The labels do not begin with the second head's, or the weight leaves (0, 1).
        """
        if tuple(labels[: len(self.labels)]) != self.labels:
            raise ModelError(
                f"the labels {', '.join(labels)} do not begin with the second head's, "
                f"{', '.join(self.labels)}: the two cannot be mixed"
            )
        if not 0 < self.weight < 1:
            raise ModelError(f"the second head's share is {self.weight}; give one in (0, 1)")


class Mixed(nn.Module):
    """A network with two heads that gives the logits of their mixture.

    Args:
        inner: Gives (N, K + K2) logits, those of the first head first.
        prior: (K,) of the first head.
        mixing: How.
    """

    def __init__(self, inner: nn.Module, prior: Sequence[float], mixing: Mixing) -> None:
        super().__init__()
        self.inner = inner
        self.sizes = len(prior), len(mixing.labels)
        self.temperatures, self.weight = mixing.temperatures, mixing.weight
        self.first_prior: Tensor
        self.second_prior: Tensor
        self.register_buffer("first_prior", _log(prior))
        self.register_buffer("second_prior", _log(mixing.prior))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of the mixture."""
        return self.both(pictures)[0]

    def both(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mixture's (N, K) logits, and (N, K2) those of the second head alone."""
        first, second = torch.split(self.inner(pictures), list(self.sizes), dim=1)
        ours = torch.softmax(first / self.temperatures[0] - self.first_prior, dim=1)
        theirs = torch.softmax(second / self.temperatures[1] - self.second_prior, dim=1)
        known, alone = ours[:, : self.sizes[1]], ours[:, self.sizes[1] :]
        share = self.weight * (1 - alone.sum(dim=1, keepdim=True))
        mixed = torch.cat([(1 - self.weight) * known + share * theirs, alone], dim=1)
        return torch.log(mixed + FLOOR) + self.first_prior, second


def _log(prior: Sequence[float]) -> Tensor:
    """Return the logarithm of a prior; a label that was never seen has one, too."""
    return torch.tensor(prior).clamp_min(RAREST).log()
