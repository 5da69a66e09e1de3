"""What it costs to measure every layer of a network over all training pictures.

    python -m benchmarks.training.gram_pass assets/checkpoints/cnn6.ckpt --data ../shared/data

A measuring pass and a plain forward pass go over the same batches in turn, in an order drawn anew
for each batch, so that both meet the same machine. Memory is the process's peak, before, after
half and after all of the pictures. Exit status 1 when the pass takes three times as long or more,
or when memory grows with the number of pictures.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch

from fer_live.training.data.network_input import Pictures
from fer_live.training.pruning.statistics.measure import Measuring
from fer_live.training.pruning.subject import open_subject

MOST_TIMES = 3.0
MOST_GROWTH_MB = 16.0
"""More than that is no rounding of pages."""


def peak_mb() -> float:
    """Return the most memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    subject = open_subject(given.model, given.data, images=256)
    pictures = Pictures(subject.train.pixels, subject.takes)
    measuring = Measuring(subject.network, subject.graph)
    rng, seconds, peaks = np.random.default_rng(0), {"plain": 0.0, "measured": 0.0}, []
    begun_mb = peak_mb()
    for number, batch in enumerate(pictures):
        for what in rng.permutation(list(seconds)):
            start = time.perf_counter()
            if what == "measured":
                measuring.add(batch)
            else:
                with torch.no_grad():
                    subject.network(batch)
            if number:  # the first batch warms up
                seconds[what] += time.perf_counter() - start
        peaks.append(peak_mb())
    times = seconds["measured"] / seconds["plain"]
    half_mb, end_mb = peaks[len(peaks) // 2], peaks[-1]
    print(
        f"{subject.checkpoint.name}, {measuring.images:,} pictures, {len(subject.graph.consumers)} "
        f"consumers: plain {seconds['plain']:.1f} s, measured {seconds['measured']:.1f} s, "
        f"{times:.2f} times; peak memory {begun_mb:.0f} MiB before, {half_mb:.0f} after half, "
        f"{end_mb:.0f} after all"
    )
    return int(times >= MOST_TIMES or end_mb - half_mb > MOST_GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
