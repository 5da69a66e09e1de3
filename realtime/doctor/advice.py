"""Commands that repair an installation, ready to paste.

They name the Python that runs, since `pip` alone may be another's, quote in a way that every shell
understands, and keep to the versions that this release was tried with.
"""

import importlib.util
import json
import shlex
import shutil
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, requires, version
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

NAME: Final = "fer-live"


def installed(name: str) -> str | None:
    """Return the version of a package; None when it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def needed() -> list[Requirement]:
    """Return what fer-live asks for on this platform, extras apart."""
    asked = [Requirement(text) for text in requires(NAME) or ()]
    return [
        each
        for each in asked
        if each.marker is None or ("extra" not in str(each.marker) and each.marker.evaluate())
    ]


@cache
def tried() -> dict[str, tuple[Version, Version]]:
    """Return the oldest and the newest version that `make matrix` passed with, by package.

    The Pythons are there as "python".
    """
    kept = json.loads(files("fer_live.realtime.doctor").joinpath("tried.json").read_text("utf-8"))
    ends = {"python": kept["python"], **kept["packages"]}
    return {name: (Version(oldest), Version(newest)) for name, (oldest, newest) in ends.items()}


def untried(name: str, found: str) -> str | None:
    """Say that a version lies beyond what was tried; None when it does not, or is not known."""
    if name not in tried():
        return None
    oldest, newest = tried()[name]
    if oldest <= Version(found) <= newest:
        return None
    if name == "python" and Version(found).release[:2] == newest.release[:2]:
        return None
    side = "newer" if Version(found) > newest else "older"
    return f"{side} than any that was tried ({oldest} to {newest})"


def install(name: str) -> str:
    """Return the line that brings a package in a version that fer-live takes."""
    return f"{_pip('install')} {_quoted(f'{name}{_range(name)}')}"


def reinstall(name: str) -> str:
    """Return the line that lays a package's files anew, whatever pip believes to be there.

    The newest version that was tried is the newest that is taken.
    """
    known = _range(name)
    if name in tried():
        known &= SpecifierSet(f"<={tried()[name][1]}")
    return f"{_pip('install')} --force-reinstall --no-deps {_quoted(f'{name}{known}')}"


def instead(wanted: str, unwanted: Iterable[str]) -> str:
    """Return the line that takes packages away which own the same files, and brings one back."""
    return f"{_pip('uninstall')} {' '.join(unwanted)} && {install(wanted)}"


def extra(name: str) -> str:
    """Return the line that brings what an extra of fer-live asks for.

    It names the packages themselves: `fer-live[name]` would bring the large ONNX Runtime to an
    environment that has the small one.
    """
    asked = [Requirement(text) for text in requires(NAME) or ()]
    of_it = [each for each in asked if each.marker and each.marker.evaluate({"extra": name})]
    packages = (each for each in of_it if "extra" in str(each.marker))
    return " ".join([_pip("install"), *(_quoted(_without_marker(each)) for each in packages)])


def _without_marker(needed: Requirement) -> str:
    """Return `name[extras]range`."""
    extras = f"[{','.join(sorted(needed.extras))}]" if needed.extras else ""
    return f"{needed.name}{extras}{needed.specifier}"


def reinstall_ourselves() -> str:
    """Return the line that lays fer-live's own files anew, from where they came from."""
    try:
        told = Distribution.from_name(NAME).read_text("direct_url.json")  # PEP 610
    except PackageNotFoundError:
        told = None
    origin = json.loads(told) if told else {}
    if origin.get("dir_info", {}).get("editable"):
        return f"git -C {_quoted(url2pathname(urlsplit(origin['url']).path))} checkout -- assets"
    source = _quoted(origin["url"]) if origin else f"{NAME}=={installed(NAME)}"
    return f"{_pip('install')} --force-reinstall --no-deps {source}"


def _range(name: str) -> SpecifierSet:
    """Return which versions of a package fer-live takes."""
    return next((each.specifier for each in needed() if each.name == name), SpecifierSet())


def _pip(action: Literal["install", "uninstall"]) -> str:
    """Return how packages get into the Python that runs, or out of it."""
    if importlib.util.find_spec("pip") is None:  # as in an environment that uv made
        return f"uv pip {action} --python {_quoted(sys.executable)}"
    found = shutil.which("python")
    ours = found is not None and Path(found).absolute() == Path(sys.executable).absolute()
    python = "python" if ours else _quoted(sys.executable)
    return f"{python} -m pip {action}{' -y' if action == 'uninstall' else ''}"


def _quoted(text: str) -> str:
    """Quote for sh, cmd and PowerShell alike, where it is needed."""
    return text if shlex.quote(text) == text else f'"{text}"'
