"""Chromium without a screen, whose camera plays a clip."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fer_live.errors import SettingsError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, WebSocket

NAMED: Final = (
    "() => { const start = document.getElementById('start'); if (start && !start.hidden)"
    " start.click(); return window.ferLive?.message.faces.length > 0; }"
)
"""Starts the camera where that is asked for; true once a face is named in the page."""
PATIENCE_MS: Final = 60_000


@contextmanager
def chromium(camera: Path | None = None) -> Iterator["Browser"]:
    """Run Debian's chromium.

    Args:
        camera: A stream of JPEGs that its camera plays over and over; None for no camera.

    Raises:
        SettingsError: There is none.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (takes half a second)

    program = shutil.which("chromium")
    if program is None:
        raise SettingsError("there is no chromium; on Debian: apt install chromium")
    options = ["--no-sandbox", "--use-fake-ui-for-media-stream"]
    if camera is not None:
        options.append("--use-fake-device-for-media-stream")
        options.append(f"--use-file-for-fake-video-capture={camera}")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=options)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: "Browser",
    address: str,
    *,
    on_websocket: Callable[["WebSocket"], None] = lambda socket: None,
    **options: Any,
) -> Iterator["Page"]:
    """Open the page in a browser and wait until a face is named.

    Args:
        browser: What `chromium` gave.
        address: Of the page.
        on_websocket: Told of every WebSocket that the page opens.
        options: Of the browser's context, such as its `viewport`.

    Raises:
        AssertionError: The page said something on its console.
    """
    context = browser.new_context(permissions=["camera"], **options)
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("websocket", on_websocket)
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        page.goto(address)
        page.wait_for_function(NAMED, timeout=PATIENCE_MS)
        yield page
        page.goto("about:blank")
    finally:
        context.close()
    if said:
        raise AssertionError(f"the page said on its console: {said}")
