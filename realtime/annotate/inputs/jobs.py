"""The jobs of a run: which files to annotate, and where their outputs go."""

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from fer_live.errors import SettingsError
from fer_live.realtime.annotate.inputs.kinds import kind_of, told_by_ending
from fer_live.realtime.annotate.inputs.places import places
from fer_live.realtime.sinks.picture import ENDINGS

_DRAWN: Final = ".annotated"
ANNOTATED: Final = f"{_DRAWN}.mp4"
SUMMARY: Final = ".summary.json"
PAGE: Final = ".report.html"
CROPS: Final = ".crops"
"""Of a folder."""
_CROP: Final = re.compile(r"track\d{3,}_frame\d{6,}\.jpg")
MANIFEST: Final = "run.json"
CONTACT_SHEET: Final = "contact-sheet-"
"""Prefix of the names of contact sheets."""
PassOver: TypeAlias = Callable[[Path, str], None]
"""Called with a file or folder that was not used, and why."""


def annotated_picture(ending: str) -> str:
    """Return the ending of an annotated picture's name.

    >>> annotated_picture(".jpg")
    '.annotated.jpg'
    """
    return _DRAWN + ending


def crop_name(track_id: int, frame_index: int) -> str:
    """Return the name of a face crop, from the `track` and `frame` of its row.

    >>> crop_name(2, 1250)
    'track002_frame001250.jpg'
    """
    return f"track{track_id:03}_frame{frame_index:06}.jpg"


def is_crop(path: Path) -> bool:
    """Whether a path is named like a face crop."""
    return _CROP.fullmatch(path.name) is not None


def is_drawn(path: Path) -> bool:
    """Whether a path is named like an annotated video or picture."""
    return path.stem.endswith(_DRAWN)


@dataclass(frozen=True, slots=True)
class Job:
    """One input, and the path with which all its outputs begin.

    Attributes:
        source: The file, as it was given or found.
        target: DIR/<path relative to the given folder>/<full file name>, to be followed by
            ".summary.json" and so on (see `places`).
    """

    source: Path
    target: Path

    def output(self, suffix: str) -> Path:
        """Return the path of one output, such as the one ending in ".summary.json"."""
        return self.target.with_name(self.target.name + suffix)


@dataclass(frozen=True, slots=True)
class _Found:
    """A file, and the folder to which its place in the output is relative."""

    path: Path
    folder: Path


def find_jobs(
    inputs: Sequence[str | Path], out: Path, *, pass_over: PassOver = lambda path, why: None
) -> list[Job]:
    """Return a job for each file that `inputs` name, each file once, in a fixed order.

    A folder is searched recursively for videos and pictures; files in `out` and those written by
    an earlier run are left out. A pattern with *, ? or [ ] is expanded, ** to any depth. A missing
    file gets a job too, which then fails on its own. `places` determines where the outputs go.

    Args:
        inputs: Files, folders and patterns.
        out: Folder for the outputs.
        pass_over: Called with each file that gets no job, and why.

    Raises:
        SettingsError: There is nothing to annotate, an output would replace an input, or a link
            in `out` leads elsewhere.
    """
    found: dict[Path, _Found] = {}
    for given in inputs:
        for one in _expanded(str(given), out, pass_over):
            first = found.setdefault(_real(one.path), one)
            if _absolute(first.path) != _absolute(one.path):
                pass_over(one.path, f"it is the same file as {first.path}, which is annotated")
    placed = places({real: one.path.relative_to(one.folder) for real, one in found.items()}, out)
    jobs = [Job(one.path, placed[real]) for real, one in found.items()]
    drawn = {real for real in found if is_drawn(real)}
    for job in jobs if drawn else ():
        _refuse_replacing(job, drawn)
    return jobs


def _expanded(given: str, out: Path, pass_over: PassOver) -> Iterator[_Found]:
    """Yield the files that one argument names."""
    path = Path(given)
    if os.path.isdir(path):  # noqa: PTH112 (says no where a Path raises: a name that is too long)
        yield from _inside(path, out, pass_over)
    elif os.path.lexists(path) or not glob.has_magic(given):
        yield _Found(path, path.parent)
    else:
        yield from _matches(given, out)


def _matches(pattern: str, out: Path) -> Iterator[_Found]:
    """Yield the files that match a pattern, relative to its part without wildcards."""
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


def _inside(folder: Path, out: Path, pass_over: PassOver) -> Iterator[_Found]:
    """Yield the inputs in a folder and its subfolders, sorted, without hidden files."""

    def tell(error: OSError) -> None:
        pass_over(Path(str(error.filename)), (error.strerror or str(error)).lower())

    paths: list[Path] = []
    for root, names, files in os.walk(folder, onerror=tell, followlinks=False):
        for linked in filter(Path.is_symlink, (Path(root, name) for name in names)):
            pass_over(linked, "it is a link to a folder; name it itself to have it annotated")
        names[:] = [n for n in names if not n.startswith(".") and not _same(Path(root, n), out)]
        names[:] = [n for n in names if not _holds_crops(Path(root, n))]
        paths.extend(Path(root, file) for file in files if not file.startswith("."))
    kept = _wanted(folder, [p for p in sorted(paths) if not _ours(p, out)], tell, pass_over)
    if not kept:
        raise SettingsError(
            f"there is no video or picture in the folder {folder}; name the files themselves"
        )
    yield from (_Found(path, folder) for path in kept)


def _wanted(
    folder: Path, paths: Sequence[Path], tell: Callable[[OSError], None], pass_over: PassOver
) -> list[Path]:
    """Return the videos and pictures, and report files that are neither."""
    kinds = {path: kind_of(path, tell) for path in paths}
    others = [path for path, kind in kinds.items() if kind == "other"]
    if others:
        told = told_by_ending(others)
        pass_over(
            folder, f"no videos or pictures by their names and beginnings were left out: {told}"
        )
    return [path for path, kind in kinds.items() if kind != "other"]


def _ours(path: Path, out: Path) -> bool:
    """Whether an earlier run wrote this file, next to its own input or into `out`."""
    if path.name.startswith(CONTACT_SHEET):
        return path.with_name(MANIFEST).exists()
    if _holds_crops(path.parent):
        return True
    if not is_drawn(path):
        return False
    stem = path.stem.removesuffix(_DRAWN)
    return path.with_name(stem + SUMMARY).exists() or out.resolve() in path.resolve().parents


def _holds_crops(folder: Path) -> bool:
    """Whether an earlier run wrote face crops into this folder."""
    if folder.suffix != CROPS:
        return False
    return folder.with_name(folder.name.removesuffix(CROPS) + SUMMARY).exists()


def _absolute(path: Path) -> str:
    """Return a path without "..", with links unresolved."""
    return os.path.abspath(path)  # noqa: PTH100 (Path.absolute keeps "..")


def _real(path: Path) -> Path:
    """Return the path with all links resolved; also for a missing file or a link to itself."""
    return Path(os.path.realpath(path))


def _same(one: Path, other: Path) -> bool:
    """Whether two paths name the same existing file or folder."""
    return other.exists() and one.exists() and one.samefile(other)


def _refuse_replacing(job: Job, inputs: set[Path]) -> None:
    """Raise if an output of `job` is one of the inputs."""
    for ending in (ANNOTATED, *map(annotated_picture, ENDINGS)):
        output = job.output(ending)
        if output.resolve() in inputs:
            raise SettingsError(
                f"{output} is an input and would be replaced by the output for {job.source}; "
                "choose another folder with --out"
            )
