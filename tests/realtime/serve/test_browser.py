"""The page in a real browser, whose camera plays a clip."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from fer_live.realtime.demo_clip import write_portrait_clip
from tests.realtime.serve.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium; on Debian: apt install it"),
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="there is no ffmpeg"),
]


@pytest.fixture(scope="module", name="browser")
def browser_with_a_camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("camera")
    write_portrait_clip(folder / "clip.mp4", (320, 180))
    to_mjpeg = ["ffmpeg", "-loglevel", "error", "-i", "clip.mp4", "-t", "2", "-q:v", "3"]
    subprocess.run([*to_mjpeg, "camera.mjpeg"], cwd=folder, check=True)
    options = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={folder / 'camera.mjpeg'}",
    ]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture(name="page")
def page_of_the_browser(browser: "Browser") -> Iterator["Page"]:
    context = browser.new_context(permissions=["camera"], viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@contextmanager
def opened(page: "Page") -> Iterator[None]:
    """Serve and open the page, which says nothing on its console and asks nobody but its server."""
    said: list[str] = []
    asked: list[str] = []
    with served("--model", "tiny") as address:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        yield
        page.goto("about:blank")
    assert said == []
    assert [url for url in asked if not url.startswith((address, "blob:", "about:"))] == []


@contextmanager
def named(page: "Page") -> Iterator[None]:
    """Open the page and wait until a face is named."""
    with opened(page):
        page.wait_for_function(
            "() => { const b = document.getElementById('start'); if (b && !b.hidden) b.click();"
            " return window.ferLive?.message.faces.length > 0; }",
            timeout=60_000,
        )
        yield


def test_the_cameras_face_is_named_in_the_page(page: "Page") -> None:
    with named(page):
        assert page.locator(".face .tag").first.inner_text().startswith("happy")
        page.wait_for_timeout(1500)
        assert page.evaluate("window.ferLive.rate") > 0
        drawn = page.evaluate(
            "() => { const c = document.getElementById('picture');"
            " return new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size; }"
        )
        assert drawn > 50, "there is a picture on the canvas"


def test_keys_switch_what_the_buttons_switch(page: "Page") -> None:
    with named(page):
        for key, button, after in (("m", "mirror", "false"), ("b", "blur", "true")):
            page.keyboard.press(key)
            assert page.get_attribute(f"#{button}", "aria-pressed") == after
        page.keyboard.press("h")
        assert page.locator("dialog").is_visible()
        page.keyboard.press("Escape")
        assert not page.locator("dialog").is_visible()
        reached = set()
        for _ in range(15):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.name"))
        buttons = {"freeze", "mirror", "blur", "record", "save", "table", "rest", "keys"}
        assert buttons | {"model", "prior", "tau_s", "max_faces"} <= reached


def test_pictures_tables_and_recordings_are_saved_by_keys(page: "Page", tmp_path: Path) -> None:
    with named(page):
        page.keyboard.press("r")
        page.wait_for_timeout(1500)
        saved = {}
        for key, ending in (("r", "webm"), ("s", "png"), ("d", "csv")):
            with page.expect_download() as got:
                page.keyboard.press(key)
            saved[ending] = tmp_path / f"saved.{ending}"
            got.value.save_as(saved[ending])
        assert saved["webm"].stat().st_size > 1000
        assert saved["png"].read_bytes().startswith(b"\x89PNG")
        head, *rows = saved["csv"].read_text(encoding="utf-8").splitlines()
        assert head.startswith("frame,time_s,wall_time,track,x0")
        assert len(rows) >= 5
        assert {row.count(",") for row in rows} == {head.count(",")}


def test_freezing_stops_what_is_shown_and_settings_and_the_resting_face_are_taken(
    page: "Page",
) -> None:
    with named(page):
        page.keyboard.press("Space")
        page.wait_for_timeout(1200)
        frozen = page.evaluate("window.ferLive.message.frame")
        page.wait_for_timeout(1200)
        assert page.evaluate("window.ferLive.message.frame") == frozen
        page.keyboard.press("Space")
        page.wait_for_function(f"() => window.ferLive.message.frame > {frozen}")
        for name, value in (("prior", "natural"), ("tau_s", "1.5")):
            page.select_option(f"select[name={name}]", value)
            page.wait_for_function("() => window.ferLive.message.faces.length > 0")
            assert page.input_value(f"select[name={name}]") == value
        page.keyboard.press("n")
        page.wait_for_function(
            "() => document.getElementById('rest').textContent.startsWith('Look')"
        )
        page.wait_for_function(
            "() => document.getElementById('rest').textContent === 'Resting face'"
        )


def test_settings_of_the_page_reach_the_server(page: "Page") -> None:
    with named(page):
        page.wait_for_function("() => window.ferLive.message.frame > 20", timeout=30_000)
        page.select_option("select[name=model]", "cnn6")
        page.wait_for_function(
            "() => window.ferLive.message.frame < 20 && window.ferLive.message.faces.length > 0",
            timeout=30_000,
        )
        assert page.input_value("select[name=model]") == "cnn6"


@pytest.mark.parametrize("width", [390, 1280, 3840])
def test_nothing_is_wider_than_the_screen(page: "Page", width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    with opened(page):
        page.wait_for_function("() => !document.getElementById('start').hidden || window.ferLive")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def tab_to(page: "Page", name: str) -> None:
    """Go on with the tabulator to what has this name, and see that the page shows where one is."""
    for _ in range(30):
        if page.evaluate("document.activeElement.id || document.activeElement.name") == name:
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert page.evaluate(outline) != "none"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached")


def test_the_whole_page_can_be_used_by_keys_alone(page: "Page", tmp_path: Path) -> None:
    """Nothing is clicked, the camera's start included."""
    with opened(page):
        page.wait_for_function("() => !document.getElementById('start').hidden || window.ferLive")
        if page.locator("#start").is_visible():
            tab_to(page, "start")
            page.keyboard.press("Enter")
        page.wait_for_function("() => window.ferLive?.message.faces.length > 0", timeout=60_000)
        tab_to(page, "blur")
        page.keyboard.press("Enter")
        assert page.get_attribute("#blur", "aria-pressed") == "true"
        tab_to(page, "prior")
        page.keyboard.press("ArrowDown")
        page.wait_for_function("() => document.forms[0].prior.value === 'natural'")
        tab_to(page, "max_faces")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Shift+Tab")
        page.wait_for_function("() => Number(document.forms[0].max_faces.value) === 7")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("h")
        assert page.locator("dialog").is_visible()
        page.keyboard.press("Enter")
        assert not page.locator("dialog").is_visible()
        page.evaluate("document.activeElement.blur()")
        with page.expect_download() as got:
            page.keyboard.press("d")
        got.value.save_as(tmp_path / "table.csv")
        assert (tmp_path / "table.csv").stat().st_size > 0


SERIOUS = {"serious", "critical"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(page: "Page", scheme: Literal["light", "dark"]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=scheme)
    with named(page):
        page.wait_for_timeout(1000)
        for state in ("", "h"):
            if state:
                page.keyboard.press(state)
            found = axe.run(page, options={}).response
            assert len(found["passes"]) > 10, "axe has looked"
            assert [one for one in found["violations"] if one["impact"] in SERIOUS] == []
