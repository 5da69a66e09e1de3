"""Desktops on which OpenCV can show windows, and what is said where it cannot."""

import json

import pytest

from tests.realtime.live.desktop import virtual_desktop
from tests.support.running import fer_live as run_command


@pytest.mark.parametrize("platform", ["wayland", "wayland-egl", "wayland;xcb", "xcb", ""])
def test_a_wayland_desktop_shows_the_window_through_its_x_server(platform: str) -> None:
    with virtual_desktop() as desktop:
        changes = {"DISPLAY": desktop.name, "QT_QPA_PLATFORM": platform}
        done = run_command("doctor", "--json", changes=changes)
    findings = {row["subject"]: row for row in json.loads(done.stdout)}
    assert findings["window"]["state"] == "good", findings["window"]


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "eglfs"])
def test_a_platform_that_opencv_cannot_show_windows_on_is_a_sentence(platform: str) -> None:
    with virtual_desktop() as desktop:
        changes = {"DISPLAY": desktop.name, "QT_QPA_PLATFORM": platform}
        done = run_command("--camera", "0", changes=changes)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"fer-live: QT_QPA_PLATFORM={platform} asks for windows of a kind")


def test_a_wayland_desktop_without_an_x_server_is_a_sentence() -> None:
    changes = {"DISPLAY": None, "WAYLAND_DISPLAY": "wayland-0"}
    done = run_command("--camera", "0", changes=changes)
    assert done.returncode == 1
    assert "xwayland" in done.stderr
