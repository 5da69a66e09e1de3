"""How large the code is, and how deep: a table with a column for each revision.

    python scripts/house_figures.py 4cd83fc HEAD

Counted are the modules of fer_live/, realtime/, training/ and export/, not tests and benchmarks.
Floors are the longest chain of modules of which each imports the next at its top; modules
that import each other stand on one floor.
"""

import ast
import io
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

from fer_live.terminal.markdown import markdown_table

PACKAGES = ("fer_live", "realtime", "training", "export")
_MB = 1_000_000


def tree_of(revision: str, folder: Path) -> Path:
    """Unpack a revision's files."""
    packed = subprocess.run(["git", "archive", revision], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(folder, filter="tar")
    return folder


def modules_in(root: Path) -> dict[str, Path]:
    """Return the modules by dotted name; links are not followed."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if not any(one.is_symlink() for one in path.parents):
                parts = path.relative_to(root).with_suffix("").parts
                parts = parts[:-1] if parts[-1] == "__init__" else parts
                found[".".join(parts if package == "fer_live" else ("fer_live", *parts))] = path
    return found


def imports_of(path: Path, known: Mapping[str, Path]) -> set[str]:
    """Return which known modules a module imports at its top."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{one.name}" for one in node.names}
            names |= (inner & known.keys()) or {node.module}
    return names & known.keys()


def floors(graph: Mapping[str, set[str]]) -> tuple[int, int]:
    """Return the length of the longest chain, and how many modules lie on circles."""
    above, circles = {name: set(below) for name, below in graph.items()}, set[str]()
    while True:
        try:
            order = list(TopologicalSorter(above).static_order())
            break
        except CycleError as error:
            first, *others = dict.fromkeys(error.args[1])
            circles |= {first, *others}
            for other in others:  # the modules of a circle become one
                above[first] |= above.pop(other)
            for name, below in above.items():
                above[name] = {first if one in others else one for one in below} - {name}
    height: dict[str, int] = {}
    for name in order:
        height[name] = 1 + max((height[one] for one in above[name]), default=0)
    return max(height.values()), len(circles)


def figures_of(root: Path) -> dict[str, str]:
    """Return every figure of a tree."""
    modules = modules_in(root)
    lines = {n: len(p.read_text(encoding="utf-8").splitlines()) for n, p in modules.items()}
    folders = Counter(path.parent.relative_to(root) for path in modules.values())
    (widest, count), *_ = folders.most_common()
    graph = {name: imports_of(path, modules) for name, path in modules.items()}
    training = {n: i for n, i in graph.items() if n.startswith("fer_live.training")}
    training = {n: {one for one in i if one in training} for n, i in training.items()}
    (whole, circles), (own, own_circles) = floors(graph), floors(training)
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    recipes = [p for top in ("experiments", "recipes") for p in (root / top).rglob("*.toml")]
    short = sum(count < 60 for count in lines.values())  # noqa: PLR2004 (lines)
    return {
        "modules": f"{len(modules)}",
        "lines": f"{sum(lines.values()):,}",
        "lines a module, median": f"{median(lines.values()):.0f}",
        "modules under 60 lines": f"{short}",
        "widest folder": f"{widest}, {count} modules",
        "modules of training/": f"{len(training)}",
        "floors of training/": f"{own}",
        "modules of training/ on circles": f"{own_circles}",
        "floors in all": f"{whole}",
        "modules on circles in all": f"{circles}",
        "files under experiments/ and recipes/": f"{len(recipes)}",
        "files in the tree": f"{len(files)}",
        "size of the tree": f"{sum(p.stat().st_size for p in files) / _MB:.1f} MB",
    }


def main(revisions: list[str]) -> None:
    """Print the table."""
    columns = []
    for revision in revisions:
        with tempfile.TemporaryDirectory() as folder:
            columns.append(figures_of(tree_of(revision, Path(folder))))
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    print(markdown_table(("", *revisions), rows))


if __name__ == "__main__":
    main(sys.argv[1:] or ["HEAD"])
