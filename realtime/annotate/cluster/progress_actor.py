"""Where the processes of a cluster write how far they are, for the one that began the run."""

from collections import Counter

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy


class _ProgressActor:
    """The newest of each task; lives beside the process that began the run and ends with it."""

    def __init__(self) -> None:
        self._attempts: Counter[str] = Counter()
        self._fractions: dict[str, float] = {}

    def begin(self, task: str) -> int:
        """Take in that a process begins with a task; return which attempt that is, from 1."""
        self._attempts[task] += 1
        return self._attempts[task]

    def tell(self, task: str, fraction: float) -> None:
        """Take in how much of a task is done, in [0, 1]."""
        self._fractions[task] = fraction

    def read(self) -> dict[str, float]:
        """Return what came since this was last asked, by task."""
        latest, self._fractions = self._fractions, {}
        return latest


def start_progress_actor() -> "ray.actor.ActorProxy[_ProgressActor]":
    """Start the progress actor on this machine."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(_ProgressActor).options(num_cpus=0, scheduling_strategy=here).remote()
