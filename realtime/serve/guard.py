"""Access control: only the page's own visitors may talk to the server.

A browser runs pages from anywhere beside ours and lets each connect to the loopback. So every
request has to name this server as its host (or else a foreign name that was pointed at the loopback
could read the page: DNS rebinding), whatever says where it comes from has to come from our own page
(cross-site WebSockets), and beyond the loopback every request has to bring a token.
"""

import hmac
import ipaddress
import secrets
from collections.abc import Iterable
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "fer_live_token"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob: mediastream:; connect-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)
"""What the page may do: nothing but talk to us."""
HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
)


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_urlsafe(24)


class Guard:
    """Middleware that refuses, with a reason, what does not come from the page's visitor."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str], token: str | None) -> None:
        """Wrap an application.

        Args:
            app: What is guarded.
            hosts: Names by which this server may be called, without ports. Addresses of this
                machine are names enough where a token is asked for.
            token: What every request has to bring, as `?token=` or by cookie; None for nothing.
        """
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        reason = self._refusal(scope)
        if reason is None:
            await self._app(scope, receive, _with_headers(scope, send, self._cookie(scope)))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403, "reason": reason})
        else:
            await PlainTextResponse(reason + "\n", status_code=403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        """Return why a request is refused; None where it is not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_us(host):
            return "this server is not called that; open the address that fer-live serve printed"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return "pages from elsewhere may not talk to this server"
        if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            return "pages from elsewhere may not talk to this server"
        if self._token is not None and not self._has_token(scope, headers):
            return "the token is missing or wrong; open the address that fer-live serve printed"
        return None

    def _is_us(self, host: str) -> bool:
        """Whether a Host header names this server."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if name in self._hosts:
            return True
        if self._token is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # an address cannot be rebound, and the token is still asked for

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        """Whether a request brings the token."""
        given = [_asked_token(scope)]
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        given.append("" if cookie is None else cookie.value)
        wanted = (self._token or "").encode()
        return any(hmac.compare_digest(text.encode(), wanted) for text in given)

    def _cookie(self, scope: Scope) -> str | None:
        """Return the cookie to set once the token came in the address."""
        if self._token is None or not _asked_token(scope):
            return None
        return f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/"


def _asked_token(scope: Scope) -> str:
    """Return the token in a request's address, "" for none."""
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return str(asked.get("token", [""])[0])


def _with_headers(scope: Scope, send: Send, cookie: str | None) -> Send:
    """Return a `send` that adds what every answer says."""
    if scope["type"] != "http":
        return send

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = [*HEADERS, *([] if cookie is None else [(b"set-cookie", cookie.encode())])]
            message["headers"] = [*message.get("headers", []), *added]
        await send(message)

    return sending
