"""Which files are annotated, and where what is written of each goes."""

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fer_live.errors import SettingsError

# fmt: off
MEDIA_SUFFIXES: Final = frozenset({
    ".3gp", ".asf", ".avi", ".divx", ".flv", ".gif", ".h264", ".h265", ".hevc", ".m2ts", ".m2v",
    ".m4a", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpe", ".mpeg",
    ".mpg", ".mts", ".mxf", ".ogg", ".ogv", ".qt", ".rm", ".rmvb", ".ts", ".vob", ".wav", ".webm",
    ".wmv", ".y4m",
})
# fmt: on
"""What is taken from a folder. Sound is among them, to be told that it holds no picture."""
ANNOTATED: Final = ".annotated.mp4"
SUMMARY: Final = ".summary.json"


@dataclass(frozen=True, slots=True)
class Job:
    """One input, and the path that everything written of it begins with.

    Attributes:
        source: The file, as it was given or found.
        target: DIR/<path relative to the given folder>/<full file name>, to be followed by
            ".summary.json" and so on.
    """

    source: Path
    target: Path

    def output(self, suffix: str) -> Path:
        """Return the path of one output, such as the one ending in ".summary.json"."""
        return self.target.with_name(self.target.name + suffix)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file, and the folder that its place in the output is relative to."""

    path: Path
    folder: Path


def find_jobs(inputs: Sequence[str | Path], out: Path) -> list[Job]:
    """Return a job for each file that `inputs` name, each file once, in a fixed order.

    A folder is searched through for videos, what lies in `out` and what an earlier run wrote left
    out. A pattern with *, ? or [ ] is expanded, ** to any depth. A file that is not there makes a
    job too, which then fails alone. When two files' outputs would be the same, all are told apart
    by the folders that they lie in.

    Raises:
        SettingsError: There is nothing to annotate, or an output would replace an input.
    """
    found: dict[Path, _Found] = {}
    for given in inputs:
        for one in _expanded(str(given), out):
            found.setdefault(one.path.resolve(), one)
    jobs = _placed(found, out)
    for job in jobs:
        _refuse_replacing(job, set(found))
    return jobs


def _expanded(given: str, out: Path) -> Iterator[_Found]:
    """Yield the files that one argument names."""
    path = Path(given)
    if path.is_dir():
        yield from _videos_in(path, out)
    elif path.exists() or not glob.has_magic(given):
        yield _Found(path, path.parent)
    else:
        yield from _matches(given, out)


def _matches(pattern: str, out: Path) -> Iterator[_Found]:
    """Yield the files that a pattern matches, relative to the part of it that is no pattern."""
    plain = []
    for part in Path(pattern).parts:
        if glob.has_magic(part):
            break
        plain.append(part)
    folder = Path(*plain)
    # Path.glob takes no pattern with a root or a plain beginning.
    matches = map(Path, glob.glob(pattern, recursive=True))  # noqa: PTH207
    kept = [path for path in sorted(matches) if path.is_file() and not _ours(path, out)]
    if not kept:
        raise SettingsError(f"no file matches {pattern!r}; check the pattern")
    yield from (_Found(path, folder) for path in kept)


def _videos_in(folder: Path, out: Path) -> Iterator[_Found]:
    """Yield the videos in a folder and all below it, sorted; hidden ones are left out."""
    paths: list[Path] = []
    for root, names, files in os.walk(folder, followlinks=False):
        names[:] = [n for n in names if not n.startswith(".") and not _same(Path(root, n), out)]
        paths.extend(Path(root, file) for file in files if not file.startswith("."))
    kept = [path for path in paths if _is_video(path) and not _ours(path, out)]
    if not kept:
        raise SettingsError(f"there is no video in the folder {folder}; name the files themselves")
    yield from (_Found(path, folder) for path in sorted(kept))


def _is_video(path: Path) -> bool:
    """Whether a file in a folder is to be annotated, by its name; without an ending, by its head.

    What is named like a video but is none is taken, so that the report says so.
    """
    if path.suffix:
        return path.suffix.lower() in MEDIA_SUFFIXES
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" or head[:4] in (b"RIFF", b"\x1a\x45\xdf\xa3")


def _ours(path: Path, out: Path) -> bool:
    """Whether an earlier run wrote this file, beside its own input or into `out`."""
    if not path.name.endswith(ANNOTATED):
        return False
    stem = path.name.removesuffix(ANNOTATED)
    return path.with_name(stem + SUMMARY).exists() or out.resolve() in path.resolve().parents


def _same(one: Path, other: Path) -> bool:
    """Whether two paths name the same existing file or folder."""
    return other.exists() and one.exists() and one.samefile(other)


def _placed(found: Mapping[Path, _Found], out: Path) -> list[Job]:
    """Give each file, keyed by its resolved path, its place in `out`.

    When two would meet, all are placed by their path from the folder that is common to all.
    """
    places = {real: one.path.relative_to(one.folder) for real, one in found.items()}
    if len(set(places.values())) < len(places):
        common = os.path.commonpath([real.parent for real in places])
        places = {real: real.relative_to(common) for real in places}
    return [Job(one.path, out / places[real]) for real, one in found.items()]


def _refuse_replacing(job: Job, inputs: set[Path]) -> None:
    """Raise when an output of `job` is one of the inputs."""
    output = job.output(ANNOTATED)
    if output.resolve() in inputs:
        raise SettingsError(
            f"{output} is an input and would be replaced by the output for {job.source}; "
            "choose another folder with --out"
        )
