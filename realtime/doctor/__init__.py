"""`fer-live doctor`: diagnose an installation and say how to repair it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from fer_live.realtime.doctor import packages
from fer_live.realtime.doctor.findings import Finding, probe, run_check, to_json
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
    """Run every check and yield its findings as they come; takes several seconds.

    A check that raises, crashes or hangs does not prevent the others from running.
    """
    for subject, check in METADATA_CHECKS:
        yield from run_check(subject, check)
    for subject in PROBES:
        yield from probe(subject)


def is_broken(findings: Iterable[Finding]) -> bool:
    """Return whether something that fer-live needs does not work."""
    return any(finding.state == "broken" for finding in findings)
