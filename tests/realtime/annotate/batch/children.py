"""The worker processes of a run, as the system knows them."""

from pathlib import Path


def workers(first: int) -> list[int]:
    """Return the process ids of a run's workers; Python's helper for semaphores is none."""
    listed = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return [child for child in map(int, listed) if "resource_tracker" not in _command(child)]


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "resource_tracker"  # gone already


def has_open(process: int, file: Path) -> bool:
    """Whether a process has a file open."""
    try:
        return any(link.resolve() == file for link in Path(f"/proc/{process}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_alive(process: int) -> bool:
    """Whether it runs; one that is dead but was not asked for its end does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
