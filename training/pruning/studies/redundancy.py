"""Redundancy at every consumer: angles, those of chance, and linear dependence on all others.

Only an angle well below that of independent channels is evidence that two channels are redundant;
and a channel that is like no other one may still be a linear combination of all others.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fer_live.files import write_whole
from fer_live.terminal.markdown import markdown_table
from fer_live.training.pruning.compensation.compensate import least_squares
from fer_live.training.pruning.statistics.gram import ChannelStats, Normalisation
from fer_live.training.pruning.statistics.measure import (
    ChannelPair,
    Components,
    Measurement,
    telling_pairs,
)

NORMALISATIONS: Final[tuple[Normalisation, ...]] = ("minmax", "centred", "shift", "layer")
NEAR_DEG: Final = (10.0, 15.0)
"""The papers' thresholds: below these, or above 180 less these."""


@dataclass(frozen=True, slots=True)
class AngleSpread:
    """The angles between the channels of one consumer, under one normalisation, in degrees.

    Attributes:
        normalisation: Which.
        median: Of all pairs; NaN where no two channels vary.
        smallest: Likewise.
        largest: Likewise.
        null_median: What the median would be if channels were independent.
        near: Pairs below each of `NEAR_DEG`.
        opposite: Pairs above 180 less each of them.
    """

    normalisation: Normalisation
    median: float
    smallest: float
    largest: float
    null_median: float
    near: tuple[int, ...]
    opposite: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Redundancy:
    """What one consumer's channels say of each other.

    Attributes:
        consumer: Who reads them.
        channels: How many there are.
        dead: Numbers of channels that are zero everywhere.
        constant: Numbers of channels that always say the same, dead ones among them.
        spreads: One a normalisation.
        told: Median over channels of the share of the variance that all others explain together.
        telling: The pairs furthest from what chance would give, centred.
    """

    consumer: str
    channels: int
    dead: tuple[int, ...]
    constant: tuple[int, ...]
    spreads: tuple[AngleSpread, ...]
    told: float
    telling: tuple[ChannelPair, ...]


def redundancy_of(
    measured: Measurement, *, components: Components = "positions", top: int = 5
) -> tuple[Redundancy, ...]:
    """Return what is known of every consumer's channels.

    Args:
        measured: One pass.
        components: What a component of a channel's vector is.
        top: Telling pairs of each consumer.
    """
    found = []
    for name, seen in measured.consumers.items():
        stats = seen.of(components)
        found.append(
            Redundancy(
                name,
                len(stats.shift),
                tuple(int(i) for i in np.flatnonzero(stats.dead)),
                tuple(int(i) for i in np.flatnonzero(stats.constant)),
                tuple(_spread(stats, how) for how in NORMALISATIONS),
                _told(stats),
                tuple(telling_pairs(stats, "centred", top=top)),
            )
        )
    return tuple(found)


def _spread(stats: ChannelStats, how: Normalisation) -> AngleSpread:
    rows, columns = np.triu_indices(len(stats.shift), k=1)
    angles, nulls = stats.angles_deg(how)[rows, columns], stats.null_deg(how)[rows, columns]
    varied = ~np.isnan(angles)
    if not varied.any():
        nothing = (0,) * len(NEAR_DEG)
        return AngleSpread(how, *(float("nan"),) * 4, nothing, nothing)
    angles, nulls = angles[varied], nulls[varied]
    return AngleSpread(
        how,
        float(np.median(angles)),
        float(angles.min()),
        float(angles.max()),
        float(np.median(nulls)),
        tuple(int((angles < near).sum()) for near in NEAR_DEG),
        tuple(int((angles > 180 - near).sum()) for near in NEAR_DEG),
    )


def _told(stats: ChannelStats) -> float:
    """Return the median share of a channel that the best fit by all other channels tells."""
    covariance = stats.covariance
    shares = []
    for place in np.flatnonzero(~stats.constant):
        others = np.delete(np.arange(len(covariance)), place)
        gone = np.array([place])
        fit = least_squares(covariance, gone, others)[0]
        shares.append(float(fit @ covariance[others, place] / covariance[place, place]))
    return float(np.median(shares)) if shares else float("nan")


def write_redundancy(found: Sequence[Redundancy], folder: Path, *, title: str) -> str:
    """Write angles.json and angles.md, and return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    table = {"title": title, "consumers": [asdict(one) for one in found]}
    write_whole(folder / "angles.json", json.dumps(table, indent=1) + "\n")
    text = table_of(found, title)
    write_whole(folder / "angles.md", text)
    return text


def table_of(found: Sequence[Redundancy], title: str) -> str:
    """Return Markdown: a row a consumer and normalisation, and below them the telling pairs."""
    near = ", ".join(f"{angle:g}" for angle in NEAR_DEG)
    heads = (
        *("read by", "channels", "dead, constant", "told by all others", "angle", "median"),
        *("if independent", "smallest", f"pairs under {near}", "pairs over 180 less"),
    )
    angles = [_angle_row(one, spread) for one in found for spread in one.spreads]
    pair_heads = ("read by", "channels", "angle, centred", "if independent", "correlation")
    pairs = [_pair_row(one, pair) for one in found for pair in one.telling]
    tables = (markdown_table(heads, angles), markdown_table(pair_heads, pairs))
    return "\n\n".join([title, *tables]) + "\n"


def _angle_row(one: Redundancy, spread: AngleSpread) -> tuple[str, ...]:
    return (
        one.consumer,
        str(one.channels),
        f"{len(one.dead)}, {len(one.constant)}",
        f"{100 * one.told:.0f} %",
        spread.normalisation,
        *(f"{angle:.1f}" for angle in (spread.median, spread.null_median, spread.smallest)),
        *(", ".join(map(str, counts)) for counts in (spread.near, spread.opposite)),
    )


def _pair_row(one: Redundancy, pair: ChannelPair) -> tuple[str, ...]:
    return (
        one.consumer,
        f"{pair.first} and {pair.second}",
        f"{pair.angle_deg:.1f}",
        f"{pair.null_deg:.1f}",
        f"{pair.correlation:+.3f}",
    )
