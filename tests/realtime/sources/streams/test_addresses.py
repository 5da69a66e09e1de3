"""What a person types, what it opens, and what is never said aloud."""

import re
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.errors import FerLiveError, SettingsError, SourceError
from fer_live.realtime.live import LiveSettings
from fer_live.realtime.sources import open_source, open_stream
from fer_live.realtime.sources.streams.addresses import callable_address, is_address, public_name
from tests.realtime.sources.clips import write_clip
from tests.support.running import fer_live

words = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=4, max_size=12)


@given(words, words, st.sampled_from(("token", "password", "api_key", "Signature")))
def test_no_password_and_no_secret_is_in_a_public_name(user: str, secret: str, asked: str) -> None:
    secret = f"#{secret}#".replace("#", "zZ")
    name = public_name(f"rtsp://{user}:{secret}@10.0.0.7:554/door?{asked}={secret}&channel=1")
    assert secret not in name
    assert name == f"rtsp://{user}@10.0.0.7:554/door?{asked}=...&channel=1"


PLACES = (
    "rtsp://anna:{}@127.0.0.1:9/door?channel=1",
    "rtsp://anna:{}@127.0.0.1:9",
    "RTSP:/anna:{}@127.0.0.1:9/door",
    "anna:{}@127.0.0.1/door",
    "http://127.0.0.1:9/video?user=anna&password={}&channel=1",
    "http://127.0.0.1:9/video?loginuse=anna&loginpas={}",
    "http://127.0.0.1:9/video?{}",
    "http://127.0.0.1:9/video#{}",
    "rtsp://127.0.0.1:9/user=anna&password={}&channel=1&stream=0.sdp?real_stream",
    "rtsp://127.0.0.1:9/user=anna_password={}_channel=1_stream=0.sdp",
    "rtsp://b:c@127.0.0.1:9/user=anna&password={}",
    "127.0.0.1/video?user=anna&password={}",
    "srt://127.0.0.1:9?mode=caller&passphrase={}",
)
"""Where people put a password."""
AROUND = ("{}", " {}", "'{}'", '"{}" ', "\t{}\n", "\u201c{}\u201d")
"""What comes along when an address is copied."""
MARK = "zQ9"
passwords = st.lists(
    st.sampled_from(["/", "?", "#", "[", "]", "@", ":", "&", "=", "%", "%2F", "+", " ", ";", "é"]),
    max_size=5,
).flatmap(
    lambda signs: st.permutations([*signs, MARK, MARK]).map(
        lambda parts: MARK + "".join(parts) + MARK
    )
)
"""Passwords with a mark at both ends and between any of the characters that part an address."""


@given(st.sampled_from(PLACES), st.sampled_from(AROUND), passwords)
def test_no_part_of_any_password_is_ever_said(place: str, around: str, password: str) -> None:
    address = around.format(place.format(password))
    assert MARK not in public_name(address)
    assert MARK not in repr(LiveSettings(address))
    with pytest.raises(FerLiveError) as refusal:
        open_source(address)
    assert MARK not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize("place", PLACES[:2] + PLACES[4:5] + PLACES[8:9])
def test_a_run_that_fails_says_no_password_on_the_terminal(place: str) -> None:
    done = fer_live("--camera", place.format(f"{MARK}/{MARK}?[{MARK}"), "--no-window")
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert MARK not in done.stdout + done.stderr


@given(passwords)
def test_whatever_a_password_holds_ffmpeg_is_given_it_encoded(password: str) -> None:
    encoded = callable_address(f"rtsp://anna:{password.replace('@', '/')}@10.0.0.7:554/door")
    found = re.fullmatch(r"rtsp://anna:([^/?#\[\]@]*)@10\.0\.0\.7:554/door", encoded)
    assert found is not None
    assert unquote(found[1]) == unquote(password.replace("@", "/"))


@pytest.mark.parametrize("plain", ["http://10.0.0.7:8080/video", "udp://@:1234", "rtsp://door/1"])
def test_an_address_without_secrets_is_its_own_name(plain: str) -> None:
    assert is_address(plain)
    assert public_name(plain) == plain


@pytest.mark.parametrize("spec", ["talk.mp4", "C:\\films\\talk.mp4", "10:30 talk.mp4", "7", ""])
def test_names_of_files_are_no_addresses(spec: str) -> None:
    assert not is_address(spec)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("missing.mp4", "missing.mp4 is not there: give a file or folder that exists, a camera's"),
        ("", "nothing was named"),
        ("ftp://host/talk.mp4", "ftp://host/talk.mp4 is not an address that can be opened; use "),
        ("http://127.0.0.1:9/x", "http://127.0.0.1:9/x cannot be opened: Connection refused"),
        ("rtsp://127.0.0.1:9/x", "rtsp://127.0.0.1:9/x cannot be opened: Connection refused"),
        (
            "http://no-such-host.invalid/x",
            "http://no-such-host.invalid/x is not reached; check its",
        ),
    ],
)
def test_what_names_nothing_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as refusal:
        open_source(spec)
    assert str(refusal.value).startswith(sentence)


def test_a_refused_stream_keeps_its_password_out_of_the_error_and_of_its_cause() -> None:
    with pytest.raises(SourceError) as refusal:
        open_stream("rtsp://anna:hunter2@127.0.0.1:9/door?token=hunter2")
    assert "rtsp://anna@127.0.0.1:9/door?token=..." in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_an_address_of_a_file_opens_the_file(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a talk.mp4", [0, 40])
    with open_source(path.as_uri()) as source:
        assert len(list(source)) == 2
        assert not source.info.live


def test_a_file_named_like_a_number_is_reached_by_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(tmp_path / "7.mp4", [0, 40]).rename(tmp_path / "7")
    monkeypatch.chdir(tmp_path)
    with open_source("./7") as source:
        assert len(list(source)) == 2


@pytest.mark.parametrize("wish", [{"size_wh": (1280, 720)}, {"fps": 30.0}, {"mjpg": True}])
def test_only_a_camera_can_be_asked_for_something(tmp_path: Path, wish: dict[str, Any]) -> None:
    path = write_clip(tmp_path / "a.mp4", [0, 40])
    with pytest.raises(SettingsError, match="is not a camera of this machine"):
        open_source(str(path), **wish)
