"""Results of a sweep: its points, the whole sweep, and the file that it resumes from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_live.errors import SettingsError
from fer_live.files import write_whole
from fer_live.training.metrics.scores import Figure
from fer_live.training.pruning.graph.cost import NetworkCost
from fer_live.training.pruning.statistics.latency import ExportedLatency

Key = tuple[str, float, int, str]
"""Method, setting, seed, recovery in words."""


@dataclass(frozen=True, slots=True)
class Point:
    """One pruned network, measured.

    Attributes:
        method: Name of the method.
        setting: The threshold angle in degrees, or the share that was to be kept.
        seed: Of chance and of recovery.
        accuracy: On the judged pictures, with its interval.
        recovered: The same after recovery; None where there was none.
        cost: What is left.
        removed: Channels that are not there any more.
        widths: Channels that each layer keeps, in order; what latency depends on.
        recovery: How it learned again, in words; empty for not at all.
        seconds: What the point took to make, recovery included.
    """

    method: str
    setting: float
    seed: int
    accuracy: Figure
    recovered: Figure | None
    cost: NetworkCost
    removed: int
    widths: tuple[int, ...] = ()
    recovery: str = ""
    seconds: float = 0.0

    @property
    def key(self) -> Key:
        """What tells it from every other point of the same network."""
        return self.method, self.setting, self.seed, self.recovery

    @property
    def final(self) -> Figure:
        """The accuracy that it ends at."""
        return self.recovered or self.accuracy


@dataclass(frozen=True)
class Sweep:
    """All points of one network.

    Attributes:
        parent: The unpruned network's name.
        by: "angle" or "budget".
        data: What accuracy was measured on.
        n: How many pictures these were.
        accuracy: The parent's.
        cost: The parent's.
        points: In the order in which they were made.
        recovery: How pruned networks learned again, in words; empty for not at all.
        speeds: By widths, how long the exported network takes; empty when nobody asked.
        parent_us: What the parent took in the same run, in microseconds; 0 when nobody asked.
    """

    parent: str
    by: str
    data: str
    n: int
    accuracy: Figure
    cost: NetworkCost
    points: tuple[Point, ...]
    recovery: str = ""
    speeds: Mapping[tuple[int, ...], ExportedLatency] | None = None
    parent_us: float = 0.0

    def save(self, path: Path) -> None:
        """Write everything as JSON; each point with its own speed."""
        table = asdict(self)
        table.pop("speeds")
        for point, entry in zip(self.points, table["points"], strict=True):
            speed = self.speed(point)
            entry["speed"] = None if speed is None else asdict(speed)
        write_whole(path, json.dumps(table, indent=1) + "\n")

    def speed(self, point: Point) -> ExportedLatency | None:
        """Return how long a point's network takes; None when nobody asked."""
        return (self.speeds or {}).get(point.widths)

    def best_first(self, setting: float) -> list[tuple[str, list[Point]]]:
        """Return the points of one setting by method, the best mean accuracy first."""
        methods: dict[str, list[Point]] = {}
        for point in self.points:
            if point.setting == setting:
                methods.setdefault(point.method, []).append(point)
        return sorted(methods.items(), key=lambda entry: -mean_accuracy(entry[1]))


def mean_accuracy(points: Sequence[Point]) -> float:
    """Return the mean over seeds of a method's final accuracy."""
    return sum(point.final.value for point in points) / len(points)


class PointFile:
    """Points as lines of JSON, written one by one, so that a sweep that is cut short goes on.

    Args:
        path: The file; made with the first point.
        parent: sha256 of the unpruned weights, which the first line names.
    """

    def __init__(self, path: Path, parent: str) -> None:
        self.path, self._parent = path, parent

    def read(self) -> dict[Key, Point]:
        """Return the points that are there.

        Raises:
            SettingsError: They are of another network.
        """
        if not self.path.is_file():
            return {}
        first, *lines = self.path.read_text(encoding="utf-8").splitlines()
        if json.loads(first)["parent"] != self._parent:
            raise SettingsError(
                f"{self.path} holds points of another network; give another --out, or delete it"
            )
        points = [_point(json.loads(line)) for line in lines if line.endswith("}")]
        return {point.key: point for point in points}

    def add(self, points: Iterable[Point]) -> None:
        """Write further points."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.is_file():
            write_whole(self.path, json.dumps({"parent": self._parent}) + "\n")
        with self.path.open("a", encoding="utf-8") as file:
            for point in points:
                file.write(json.dumps(asdict(point)) + "\n")


def _point(entry: dict[str, Any]) -> Point:
    again = entry.pop("recovered")
    if "way" in entry:  # a sweep that was begun before methods were called so
        entry["method"] = entry.pop("way")
    return Point(
        accuracy=Figure(**entry.pop("accuracy")),
        recovered=None if again is None else Figure(**again),
        cost=NetworkCost(**entry.pop("cost")),
        widths=tuple(entry.pop("widths")),
        **entry,
    )
