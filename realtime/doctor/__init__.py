"""`fer-live doctor`: check what is installed, what conflicts, what works, and how to fix it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from fer_live.realtime.doctor import packages
from fer_live.realtime.doctor.findings import Finding, looked_at, probe, to_json
from fer_live.realtime.doctor.probes import PROBES

__all__ = ["Finding", "examine", "is_broken", "to_json"]

METADATA_CHECKS: Final[Sequence[tuple[str, Callable[[], Iterable[Finding]]]]] = (
    ("Python", packages.python),
    ("requirements", packages.requirements),
    ("clashes", packages.clashes),
    ("pyarrow", packages.parquet),
    ("shipped files", packages.shipped_files),
)


def examine() -> Iterator[Finding]:
    """Yield everything that is found, in the order in which it is looked at; takes seconds.

    No exception, crash or hang of one check keeps the others from being made.
    """
    for subject, look in METADATA_CHECKS:
        yield from looked_at(subject, look)
    for subject in PROBES:
        yield from probe(subject)


def is_broken(findings: Iterable[Finding]) -> bool:
    """Whether anything that fer-live needs does not work."""
    return any(finding.state == "broken" for finding in findings)
