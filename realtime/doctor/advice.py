"""Shell commands that repair an installation, ready to paste.

They name the running Python, since a bare `pip` may belong to another one, are quoted so that
sh, cmd and PowerShell understand them, and stay within the versions that this release was tested
with.
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
    """Return the installed version of a package; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def needed() -> list[Requirement]:
    """Return the requirements of fer-live on this platform, without those of its extras."""
    asked = [Requirement(text) for text in requires(NAME) or ()]
    return [
        each
        for each in asked
        if each.marker is None or ("extra" not in str(each.marker) and each.marker.evaluate())
    ]


@cache
def tried() -> dict[str, tuple[Version, Version]]:
    """Return the oldest and the newest tested version of each package, from `make matrix`.

    The key "python" holds the versions of Python.
    """
    kept = json.loads(files("fer_live.realtime.doctor").joinpath("tried.json").read_text("utf-8"))
    ends = {"python": kept["python"], **kept["packages"]}
    return {name: (Version(oldest), Version(newest)) for name, (oldest, newest) in ends.items()}


def untried(name: str, found: str) -> str | None:
    """Describe a version outside the tested range; None if it is inside or nothing is known."""
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
    """Return the command that installs a package in a version that fer-live supports."""
    return f"{_pip('install')} {_quoted(f'{name}{_range(name)}')}"


def reinstall(name: str) -> str:
    """Return the command that reinstalls a package's files, even if pip thinks they are there.

    It installs no version newer than the newest tested one.
    """
    known = _range(name)
    if name in tried():
        known &= SpecifierSet(f"<={tried()[name][1]}")
    return f"{_pip('install')} --force-reinstall --no-deps {_quoted(f'{name}{known}')}"


def replace_packages(unwanted: Iterable[str], wanted: str) -> str:
    """Return the command that uninstalls conflicting packages and installs the right one."""
    return f"{_pip('uninstall')} {' '.join(unwanted)} && {install(wanted)}"


def extra(name: str) -> str:
    """Return the command that installs the requirements of an extra of fer-live.

    It lists the packages instead of `fer-live[name]`, which would add onnxruntime-gpu to an
    environment that has the smaller onnxruntime.
    """
    asked = [Requirement(text) for text in requires(NAME) or ()]
    of_it = [each for each in asked if each.marker and each.marker.evaluate({"extra": name})]
    packages = (each for each in of_it if "extra" in str(each.marker))
    return " ".join([_pip("install"), *(_quoted(_without_marker(each)) for each in packages)])


def _without_marker(needed: Requirement) -> str:
    """Return a requirement as `name[extras]specifier`."""
    extras = f"[{','.join(sorted(needed.extras))}]" if needed.extras else ""
    return f"{needed.name}{extras}{needed.specifier}"


def reinstall_fer_live() -> str:
    """Return the command that restores fer-live's own files from where it was installed from."""
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
    """Return the versions of a package that fer-live supports."""
    return next((each.specifier for each in needed() if each.name == name), SpecifierSet())


def _pip(action: Literal["install", "uninstall"]) -> str:
    """Return the command prefix that installs into, or uninstalls from, the running Python."""
    if importlib.util.find_spec("pip") is None:  # as in environments created by uv
        return f"uv pip {action} --python {_quoted(sys.executable)}"
    found = shutil.which("python")
    ours = found is not None and Path(found).absolute() == Path(sys.executable).absolute()
    python = "python" if ours else _quoted(sys.executable)
    return f"{python} -m pip {action}{' -y' if action == 'uninstall' else ''}"


def _quoted(text: str) -> str:
    """Quote an argument, if necessary, so that sh, cmd and PowerShell all accept it."""
    return text if shlex.quote(text) == text else f'"{text}"'
