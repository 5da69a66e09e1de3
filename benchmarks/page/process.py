"""What the system says of a process: memory, threads, processor time."""

from typing import NamedTuple, Self

import psutil


class Look(NamedTuple):
    """One look at a process.

    Attributes:
        memory_mb: Resident.
        threads: How many.
        descriptors: How many files and sockets are open.
        processor_s: Processor time taken so far, in user and system mode.
    """

    memory_mb: float
    threads: int
    descriptors: int
    processor_s: float

    @classmethod
    def at(cls, process: int) -> Self:
        """Look at a process, by its number."""
        one = psutil.Process(process)
        times = one.cpu_times()
        return cls(
            one.memory_info().rss / 2**20,
            one.num_threads(),
            one.num_fds(),
            times.user + times.system,
        )
