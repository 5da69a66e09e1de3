"""What somebody gets who installs the wheel: the commands and models, nothing of this folder."""

import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from fer_live.realtime.demo_clip import write_portrait_clip
from tests.support.running import environment

ROOT = Path(__file__).parents[1]


def run(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    env = environment({"PYTHONPATH": None})  # which would lend this folder to every environment
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Build the wheel, from a copy of the files that git knows; return it and what was said."""
    out = tmp_path_factory.mktemp("wheel")
    source = tmp_path_factory.mktemp("source")
    files = run(["git", "ls-files", "-z"], ROOT).stdout.split("\0")
    names = [name for name in files if name and (ROOT / name).exists()]
    archive = source / "files.tar"
    run(["tar", "--create", "--file", archive, *names], ROOT)
    run(["tar", "--extract", "--file", archive], source)
    pip: list[str | Path] = [sys.executable, "-m", "pip"]
    how = ["wheel", "--no-deps", "--no-build-isolation", "--verbose", "--wheel-dir"]
    done = run([*pip, *how, out, source], source)
    return next(out.glob("fer_live-*.whl")), done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(built: tuple[Path, str]) -> Path:
    return built[0]


def test_the_build_warns_of_nothing(built: tuple[Path, str]) -> None:
    assert not [line for line in built[1].splitlines() if "Warning" in line]


def test_every_package_of_the_checkout_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    links = {place.name for place in (ROOT / "fer_live").iterdir() if place.is_symlink()}
    assert links == {"assets", "export", "realtime", "training"}
    own = {place.parent for place in (ROOT / "fer_live").glob("*/__init__.py")}
    found = {f"fer_live.{folder.name}" for folder in own} | {
        f"fer_live.{'.'.join(place.parent.relative_to(ROOT).parts)}"
        for top in links
        for place in (ROOT / top).rglob("__init__.py")
    }
    assert set(declared["packages"]) - {"fer_live"} == found


def test_the_small_environment_has_all_but_the_large_onnx_runtime() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [Requirement(text) for text in project["dependencies"]]
    lines = (ROOT / "requirements-cpu.txt").read_text().splitlines()
    small = [Requirement(line) for line in lines if not line.startswith("#")]
    assert {str(each) for each in small if each.name != "onnxruntime"} == {
        str(each) for each in needed if not each.name.startswith("onnxruntime")
    }
    (runtime,) = (each for each in small if each.name == "onnxruntime")
    assert runtime.marker is None
    assert all(each.specifier == runtime.specifier for each in needed if "onnxr" in each.name)


def install(wheel: Path, folder: Path, *, with_dependencies: bool) -> Path:
    """Install the wheel into a new environment; return its folder of programs.

    Without dependencies, those of the running environment are lent, but not its fer-live: a path
    file makes them importable without running the hooks of its editable install.
    """
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    pip: list[str | Path] = [environment / "bin" / "python", "-m", "pip", "install", "--quiet"]
    if not with_dependencies:
        pip.append("--no-deps")
    pip.append(wheel)
    run(pip, folder)
    if not with_dependencies:
        own = next((environment / "lib").glob("python*/site-packages"))
        (own / "lent.pth").write_text(sysconfig.get_paths()["purelib"], encoding="utf-8")
    return environment / "bin"


def use_from_an_empty_folder(programs: Path, folder: Path) -> None:
    """Do with the installed commands what the README says."""
    empty = folder / "empty"
    empty.mkdir()
    write_portrait_clip(empty / "talk.mp4", (320, 180))
    where = "import fer_live; print(fer_live.__path__[0])"
    found = run([programs / "python", "-c", where], empty).stdout
    assert "environment" in found, "the installed package must be the one used"
    assert "cnn6" in run([programs / "fer-live", "models"], empty).stdout
    run([programs / "fer-live", "annotate", "talk.mp4", "--out", "results"], empty)
    written = {path.name for path in (empty / "results").rglob("*") if path.is_file()}
    ends = ("annotated.mp4", "faces.csv", "report.html", "summary.json")
    assert written == {"run.json", *(f"talk.mp4.{end}" for end in ends)}


def test_the_wheel_works_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    use_from_an_empty_folder(install(wheel, tmp_path, with_dependencies=False), tmp_path)


@pytest.mark.long
def test_the_wheel_brings_all_that_it_needs(wheel: Path, tmp_path: Path) -> None:
    programs = install(wheel, tmp_path, with_dependencies=True)
    use_from_an_empty_folder(programs, tmp_path)
    listed = run([programs / "python", "-m", "pip", "list"], tmp_path).stdout.split()
    assert not {"torch", "onnx"} & set(listed), "the runtime must not need them"
