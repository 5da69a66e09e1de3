"""Addresses of streams: what may be said of them aloud."""

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SCHEMES: Final = frozenset(
    {"http", "https", "rtmp", "rtmps", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp"}
)
"""What an address may begin with."""

_SECRET: Final = re.compile(r"pass|pwd|token|secret|key|auth|sig|credential|session", re.IGNORECASE)


def is_address(spec: str) -> bool:
    """Whether a text is the address of something, of whatever kind."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", spec) is not None


def public_name(url: str) -> str:
    """Return an address without its password and without what looks like a secret in its query.

    >>> public_name("rtsp://anna:hunter2@10.0.0.7:554/door?channel=1&token=abc")
    'rtsp://anna@10.0.0.7:554/door?channel=1&token=...'
    """
    parts = urlsplit(url)
    who, at, where = parts.netloc.rpartition("@")
    asked = [
        (name, "..." if _SECRET.search(name) else value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    query = urlencode(asked, safe=".:/,") if parts.query else ""
    netloc = f"{who.partition(':')[0]}{at}{where}"
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))
