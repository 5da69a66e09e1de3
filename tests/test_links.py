"""Links between the documents lead somewhere."""

import pkgutil
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(?<!\\)\]\(([^()\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def documents() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made by sites that show Markdown."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def broken(page: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    found = []
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        missing = not target.exists()
        if missing or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            found.append(f"{page.relative_to(ROOT)}: {link}")
    return found


def test_every_link_of_every_document_leads_somewhere() -> None:
    pages = documents()
    assert len(pages) > 20
    assert [link for page in pages for link in broken(page)] == []


def test_the_readme_can_be_read_in_a_minute_or_two() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 700


def test_what_the_reference_describes_is_where_it_says() -> None:
    pages = (ROOT / "docs" / "reference").glob("*.md")
    named = [name for page in pages for name in re.findall(r"^::: (\S+)$", page.read_text(), re.M)]
    assert named
    for name in named:
        pkgutil.resolve_name(name)


def test_every_module_that_a_document_names_is_there() -> None:
    """Paths in code quotes may leave folders out at their beginning."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]
    lost = [
        f"{page.relative_to(ROOT)}: {named}"
        for page in documents()
        if not page.is_relative_to(ROOT / "docs" / "log")  # what was so on that day
        for named in re.findall(r"`([\w.-]+/[\w./-]+\.py)(?:::\w+)?`", page.read_text("utf-8"))
        if not any(f"/{module}".endswith(f"/{named}") for module in modules)
    ]
    assert lost == []
