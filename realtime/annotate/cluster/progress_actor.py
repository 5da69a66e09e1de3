"""A Ray actor that collects the progress of all processes, for the one that started the run."""

from collections import Counter

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy


class _ProgressActor:
    """Latest progress of each task; lives next to the process that started the run."""

    def __init__(self) -> None:
        self._attempts: Counter[str] = Counter()
        self._fractions: dict[str, float] = {}

    def begin(self, task: str) -> int:
        """Record that a process starts a task; return the number of the attempt, from 1."""
        self._attempts[task] += 1
        return self._attempts[task]

    def tell(self, task: str, fraction: float) -> None:
        """Record the fraction of a task that is done, in [0, 1]."""
        self._fractions[task] = fraction

    def read(self) -> dict[str, float]:
        """Return the fractions reported since the last call, by task."""
        latest, self._fractions = self._fractions, {}
        return latest


def start_progress_actor() -> "ray.actor.ActorProxy[_ProgressActor]":
    """Start the progress actor on this machine."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(_ProgressActor).options(num_cpus=0, scheduling_strategy=here).remote()
