"""Stream addresses: parse them, encode them for FFmpeg, and hide secrets in messages."""

import re
from typing import Final
from urllib.parse import quote

SCHEMES: Final = frozenset(
    {"http", "https", "rtmp", "rtmps", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp"}
)
"""Supported URL schemes."""

HIDDEN: Final = "..."
"""Placeholder for anything that might be secret."""

_HARMLESS: Final = frozenset(
    {"action", "camera", "cam", "cameraid", "ch", "channel", "chn", "codec", "compression", "date"}
    | {"duration", "enablesrtp", "format", "fps", "height", "lang", "mode", "profile", "quality"}
    | {"rate", "res", "resolution", "size", "start", "stream", "streamtype", "subtype", "width"}
    | {"transport", "transportmode", "type", "unicast", "video", "videocodec"}
)
"""Parameters whose values may be shown; the values of all others might be secret."""

_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^\s@:/?#\[\]]*)(:\d{1,5})?")
_PARAMETER: Final = re.compile(r"[a-zA-Z][a-zA-Z_-]{0,15}")
_GIVES_SECRET: Final = re.compile(
    r"(pas|psw|pwd|token|secret|key|auth|sig|cred|session)\w*=", re.IGNORECASE
)
_PLAIN_USER: Final = re.compile(r"[\w.-]{1,32}")
_PLAIN_VALUE: Final = re.compile(r"[\w.:x-]{1,24}")
_TOKEN: Final = re.compile(r"(?=\D*\d)(?=[^a-zA-Z]*[a-zA-Z])[\w~-]{16,}")
"""A path segment that looks like a random key, as in the address of a shared stream."""
_QUOTES: Final = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
_ENCODED: Final = re.compile(r"(%[0-9a-fA-F]{2})")


def typed(spec: str) -> str:
    """Strip the white space and quotes that copying an address brings along."""
    return spec.strip().strip(_QUOTES).strip()


def is_address(spec: str) -> bool:
    """Return whether a text is a URL of any scheme."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", spec) is not None


def public_name(spec: str) -> str:
    """Return an address, or any text entered as one, without anything that may be secret.

    The password is removed, whatever characters it contains, and so are the values of all but a few
    harmless parameters. A file name is returned unchanged except for control characters.

    >>> public_name("rtsp://anna:hunter2@10.0.0.7:554/door?channel=1&token=abc")
    'rtsp://anna@10.0.0.7:554/door?channel=1&token=...'
    >>> public_name("rtsp://anna:hun/ter#2@10.0.0.7/user=anna&password=hunter2&channel=1")
    'rtsp://anna@10.0.0.7/user=...'
    """
    text = "".join(c if c.isprintable() else "?" for c in typed(spec))
    scheme, rest = _without_scheme(text)
    user, at, place = rest.rpartition("@")
    if not (scheme or (at and ":" in user) or _GIVES_SECRET.search(text)):
        return text
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if authority.count("@") < rest.count("@") and (user.count("@") or _HOST.fullmatch(authority)):
        place = HIDDEN  # this "@" may be part of a password in path or query: nobody can tell
    name, colon, _ = user.partition(":")
    if user and not (scheme and colon and _PLAIN_USER.fullmatch(name)):
        name = HIDDEN
    return f"{scheme}{name}{at}{place if place == HIDDEN else _public_rest(place)}"


def callable_address(spec: str) -> str:
    """Return an address for FFmpeg, with user and password percent-encoded.

    A "/", "?", "#" or "[" in a password would otherwise end the host name. Existing
    percent-encoding is kept.
    """
    scheme, rest = _without_scheme(typed(spec))
    user, at, place = rest.rpartition("@")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        user, at, host = authority.rpartition("@")
        place = host + rest[len(authority) :]
    elif not at or _HOST.fullmatch(authority) or not _HOST.match(place):
        return scheme + rest
    name, colon, password = user.partition(":")
    return f"{scheme}{_encoded(name)}{colon}{_encoded(password)}@{place}"


def _without_scheme(text: str) -> tuple[str, str]:
    """Split off the scheme with its slashes, even if one slash is missing; "" if there is none."""
    found = _SCHEME.match(text) or re.match(
        rf"(?:{'|'.join(sorted(SCHEMES, key=len, reverse=True))}):/*", text, re.IGNORECASE
    )
    return (text[: found.end()], text[found.end() :]) if found else ("", text)


def _encoded(part: str) -> str:
    """Percent-encode a user or a password, unless it is encoded already."""
    pieces = _ENCODED.split(part)
    return "".join(p if _ENCODED.fullmatch(p) else quote(p, safe="") for p in pieces)


def _public_rest(rest: str) -> str:
    """Return host, path and parameters without secrets."""
    found = _HOST.match(rest)
    host = found.group() if found else ""
    behind = rest[len(host) :]
    if behind and behind[0] not in "/?#":  # no address as it should be: say nothing more of it
        return host + HIDDEN
    path, mark, asked = re.fullmatch(r"([^?#]*)([?#]?)(.*)", behind, re.DOTALL).groups()  # type: ignore[union-attr]  # matches anything
    shown, whole = _public_path(path)
    return host + shown + (mark + _public_query(asked) if whole else "")


def _public_path(path: str) -> tuple[str, bool]:
    """Return a path without secrets, and whether nothing was removed.

    Some cameras take parameters, including the password, in the path: "/user=a&password=b".
    """
    shown: list[str] = []
    for part in path.split("/"):
        name, equals, _ = part.partition("=")
        if equals:
            return "/".join([*shown, _public_parameter(name)]), False
        shown.append(HIDDEN if _TOKEN.fullmatch(part) else part)
    return "/".join(shown), True


def _public_query(asked: str) -> str:
    """Return the harmless parameters, then the name of the first other one."""
    shown: list[str] = []
    told_that_some_are_hidden = False
    for pair in asked.split("&"):
        name, _, value = pair.partition("=")
        if name.lower() in _HARMLESS and _PLAIN_VALUE.fullmatch(value):
            shown.append(pair)
        elif pair and not told_that_some_are_hidden:
            told_that_some_are_hidden = True
            shown.append(_public_parameter(name) if "=" in pair else HIDDEN)
    return "&".join(shown)


def _public_parameter(name: str) -> str:
    """Return a parameter with its value hidden."""
    return f"{name}={HIDDEN}" if _PARAMETER.fullmatch(name) else HIDDEN
