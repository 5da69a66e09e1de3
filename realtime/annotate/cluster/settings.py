"""Which Ray cluster, and what each input takes of it."""

import math
from dataclasses import dataclass

from fer_live.errors import SettingsError


@dataclass(frozen=True, slots=True)
class RayCluster:
    """Where inputs are worked on, and what Ray sets aside for each.

    Attributes:
        address: Of a running cluster, such as "auto" (the one that this machine belongs to) or
            "10.0.0.1:6379". None starts Ray on this machine and ends it with the run.
        num_cpus: Cores for each input; as many inputs are worked on at once as there is room for.
        num_gpus: Share of a GPU for each input, in [0, 1] or a whole number; with 0 the processor
            alone is used.
        retries: How often Ray tries an input again whose process or machine was lost.
    """

    address: str | None = None
    num_cpus: float = 1.0
    num_gpus: float = 0.0
    retries: int = 3

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            SettingsError: A value makes no sense, or the address is one of Ray Client.
        """
        if not 0 < self.num_cpus < math.inf:
            raise SettingsError(f"{self.num_cpus} cores an input were asked for; give more than 0")
        whole = self.num_gpus <= 1 or self.num_gpus.is_integer()
        if not (0 <= self.num_gpus < math.inf and whole):
            raise SettingsError(
                f"{self.num_gpus} GPUs an input were asked for; give a share from 0 to 1 or a "
                "whole number"
            )
        if self.retries < 0:
            raise SettingsError(f"{self.retries} retries were asked for; give 0 or more")
        if self.address is not None and "://" in self.address:
            raise SettingsError(
                f"{self.address} is an address of Ray Client; start the run on a machine of the "
                "cluster (or with `ray job submit`) and give --address auto"
            )
