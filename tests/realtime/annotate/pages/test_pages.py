"""Pages to look at, in a real browser."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fer_live.realtime.annotate import AnnotateSettings, annotate
from tests.support.shared_data import shared_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium; on Debian: apt install it"
)
AWKWARD = "a&b <i>'\"<script>alert(1)<\\script>#?%41.mp4"


@pytest.fixture(scope="module", name="out")
def run_of_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the results of two clips, a photograph and a file that is none."""
    root = tmp_path_factory.mktemp("run")
    clips = root / "in" / "clips"
    clips.mkdir(parents=True)
    timeline = shared_file("video/edge/timeline_7emotions.mp4")
    (clips / "timeline.mp4").write_bytes(timeline.read_bytes())
    one = shared_file("video/edge/one_frame.mp4").read_bytes()
    (root / "in" / AWKWARD).write_bytes(one)
    (root / "in" / "empty.mp4").write_bytes(b"")
    photograph = min(shared_file("data/wild/happy").glob("*.jpg"))
    (root / "in" / "face.jpg").write_bytes(photograph.read_bytes())
    annotate([root / "in"], root / "out", AnnotateSettings(start_s=0.0, end_s=12.0))
    return root / "out"


@pytest.fixture(scope="module", name="browser")
def running_browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(name="page")
def quiet_page(browser: "Browser") -> Iterator["Page"]:
    """Give a page that says nothing on its console and asks for nothing but files."""
    said: list[str] = []
    asked: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.on("console", lambda each: said.extend([each.text] * (each.type != "info")))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def opened(page: "Page", path: Path) -> None:
    page.goto(path.as_uri())


def shown_s(page: "Page") -> float:
    minutes, seconds = str(page.locator("#clock").text_content()).split(":")
    return 60 * int(minutes) + float(seconds)


def test_the_page_of_a_clip_shows_everybody_and_jumps_where_it_is_clicked(
    page: "Page", out: Path
) -> None:
    opened(page, out / "clips" / "timeline.mp4.report.html")
    assert page.locator(".person").count() == 2
    plot = page.locator(".plot").first
    plot.locator(".head").wait_for(state="attached")
    assert page.locator("#seconds tbody tr").count() == 2
    middle = plot.bounding_box()
    assert middle is not None
    plot.click(position={"x": middle["width"] / 2, "y": 60})
    assert shown_s(page) == pytest.approx(6.0, abs=0.7)
    page.wait_for_function("document.querySelector('video').currentTime > 5")
    page.locator(".moments button").first.click()
    moment = str(page.locator(".moments button").first.text_content())
    assert moment.endswith(str(page.locator("#clock").text_content()))


def test_everything_can_be_reached_and_used_with_keys_alone(page: "Page", out: Path) -> None:
    opened(page, out / "clips" / "timeline.mp4.report.html")
    page.locator("#time").focus()
    page.keyboard.press("End")
    assert shown_s(page) == pytest.approx(12.0, abs=0.1)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim()"))
    assert {"Zoom in", "Whole clip", "CSV of what is shown", "PNG of what is shown"} <= reached
    assert any("neutral" in text and " at " in text for text in reached)


def test_what_is_shown_comes_as_csv_and_as_a_picture(
    page: "Page", out: Path, tmp_path: Path
) -> None:
    opened(page, out / "clips" / "timeline.mp4.report.html")
    page.locator(".head").first.wait_for(state="attached")
    page.get_by_label("angry").uncheck()
    for button in ("CSV", "PNG"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"{button} of what is shown").click()
        download.value.save_as(tmp_path / button)
    with (tmp_path / "CSV").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (out / "clips" / "timeline.mp4.faces.csv").open(newline="") as file:
        due = [row for row in csv.DictReader(file) if row["track"]]
    assert sorted(row["label"] for row in rows) == sorted(row["label"] for row in due)
    assert len(rows) == len(due)
    assert "probability_angry" not in rows[0]
    assert "probability_happy" in rows[0]
    assert (tmp_path / "PNG").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("width", [1600, 1280, 970, 950, 620, 360])
def test_nothing_is_cut_off_at_any_width(page: "Page", out: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, out / "clips" / "timeline.mp4.report.html")
    for place in ("html", ".totals"):
        wide, has = page.eval_on_selector(place, "(e) => [e.scrollWidth, e.clientWidth]")
        assert wide <= has, place
    table = page.get_by_role("table", name="Seconds of each label")
    assert table.get_by_role("row").count() == 3, "it is a table to screen readers at any width"
    assert table.get_by_role("rowheader").count() == 2
    assert table.get_by_role("cell").count() == 2 * (1 + 8 + 1)


def test_the_index_finds_sorts_and_tells_failures(page: "Page", out: Path) -> None:
    opened(page, out / "index.html")
    rows = page.locator("#files tbody tr")
    assert rows.count() == 4
    assert "1 failed" in str(page.locator("#about").text_content())
    page.locator("#failures").check()
    assert "empty.mp4" in str(rows.first.text_content())
    page.locator("#failures").uncheck()
    page.locator("#words").fill("timeline")
    assert rows.count() == 1
    page.locator("#words").fill("")
    page.get_by_role("button", name="length").click()
    assert "timeline" in str(rows.first.text_content())
    rows.first.get_by_role("link").click()
    page.locator("#clock").wait_for()


def test_a_name_is_only_ever_text(page: "Page", out: Path) -> None:
    opened(page, out / "index.html")
    name = AWKWARD
    page.get_by_role("link", name=name).click()
    page.locator("#clock").wait_for()
    assert page.locator("h1").text_content() == name
    assert page.title() == name
    page.wait_for_function("document.querySelector('video').readyState > 0")


def test_an_index_of_somebody_elses_stays(tmp_path: Path, tiny: str) -> None:
    (tmp_path / "index.html").write_text("mine")
    clips = [shared_file(f"video/edge/{name}.mp4") for name in ("one_frame", "noface_black")]
    settings = AnnotateSettings(model=tiny, video=False, end_s=0.2)
    report = annotate(clips, tmp_path, settings)
    assert report.fault is not None
    assert "not of fer-live's making" in report.fault
    assert (tmp_path / "index.html").read_text() == "mine"
    assert not report.failed
    quiet = AnnotateSettings(model=tiny, video=False, end_s=0.2, report=False)
    assert annotate(clips, tmp_path / "quiet", quiet).fault is None
    assert not list((tmp_path / "quiet").glob("*.html"))
