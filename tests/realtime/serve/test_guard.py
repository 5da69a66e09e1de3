"""Nobody but the page's own visitor may talk to it."""

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from benchmarks.page.strain import CONNECTIONS, crowd
from tests.realtime.serve.serving import served, talking


def ws(address: str, path: str) -> str:
    return address.replace("http", "ws", 1) + path


def test_other_names_and_other_pages_are_refused() -> None:
    with served() as address:
        assert httpx.get(address).status_code == 200
        port = httpx.URL(address).port
        assert httpx.get(f"http://localhost:{port}/state").status_code == 200
        for headers in (
            {"Host": "rebound.example"},
            {"Host": f"127.0.0.1.rebound.example:{port}"},
            {"Host": ""},
            {"Host": "[::"},
            {"Origin": "https://elsewhere.example"},
            {"Origin": f"http://localhost:{port}"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            for path in ("", "state", "static/app.js"):
                answer = httpx.get(address + path, headers=headers)
                assert answer.status_code in {400, 403}, (headers, path)
        for path in ("camera", "watch"):
            for origin in ("https://elsewhere.example", "null", f"http://localhost:{port}"):
                with (
                    pytest.raises(InvalidStatus, match="403"),
                    connect(ws(address, path), origin=Origin(origin)),
                ):
                    pass
        with talking(address, "camera", origin=Origin(address.rstrip("/"))):
            pass


def test_the_page_may_load_nothing_from_elsewhere() -> None:
    with served() as address:
        answer = httpx.get(address)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        for path in ("static/../../cli.py", "static/%2e%2e/app.py", "static/..%2fapp.py"):
            assert httpx.get(address + path).status_code == 404


def test_beyond_the_loopback_every_request_brings_the_token() -> None:
    with served("--host", "0.0.0.0") as told:
        address, _, token = told.replace("0.0.0.0", "127.0.0.1").partition("?token=")
        assert len(token) >= 30
        assert httpx.get(address).status_code == 403
        assert httpx.get(address + "?token=" + token[:-1] + "x").status_code == 403
        with pytest.raises(InvalidStatus, match="403"), connect(ws(address, "camera")):
            pass
        with httpx.Client() as browser:
            assert browser.get(f"{address}?token={token}").status_code == 200
            assert browser.get(address + "static/app.js").status_code == 200
            assert browser.get(address, headers={"Host": "rebound.example"}).status_code == 403
        with talking(address, f"camera?token={token}"):
            pass


def test_a_thousand_connections_are_turned_away_again_and_again_and_a_visitor_is_not() -> None:
    with served("--model", "tiny") as address:
        for _ in range(3):
            answers = crowd(address)
            assert sum(answers.values()) == CONNECTIONS
            assert set(answers) <= {"HTTP/1.1 503 Service Unavailable", "HTTP/1.1 200 OK"}
        with talking(address, "camera"):
            pass


def test_no_more_cameras_than_the_machine_can_read() -> None:
    with served("--model", "tiny") as address:
        with (
            talking(address, "camera"),
            talking(address, "camera"),
            talking(address, "camera"),
            talking(address, "camera"),
            connect(ws(address, "camera")) as fifth,
            pytest.raises(ConnectionClosed, match="too many cameras"),
        ):
            fifth.recv(timeout=20)
        with talking(address, "camera"):
            pass
