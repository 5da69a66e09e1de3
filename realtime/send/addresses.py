"""Parse receiver addresses."""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from fer_live.errors import SettingsError
from fer_live.realtime.send.channel import Channel
from fer_live.realtime.send.lines import LinesChannel
from fer_live.realtime.send.lsl import ID, LslChannel
from fer_live.realtime.send.mqtt import MqttChannel
from fer_live.realtime.send.osc import OscChannel, VmcChannel
from fer_live.realtime.send.udp import UdpChannel
from fer_live.realtime.send.websocket import WebSocketChannel, WebSocketServerChannel
from fer_live.realtime.sources.streams.addresses import public_name

ADVICE: Final = (
    "give ws://host:port, ws-server://127.0.0.1:8765, osc://host:port, vmc://host, "
    "udp://host:port, mqtt://host/topic, lsl: or - for lines of JSON"
)
VMC_PORT: Final = 39539
"""The default port of VMC receivers."""
MQTT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_PACKAGES: Final = {
    "ws": "websockets",
    "wss": "websockets",
    "ws-server": "websockets",
    "osc": "pythonosc",
    "vmc": "pythonosc",
    "mqtt": "paho",
    "mqtts": "paho",
    "lsl": "pylsl",
}


def open_channel(address: str, labels: Sequence[str]) -> Channel:
    """Return a channel to a receiver; it does not connect yet.

    Args:
        address: Such as `ws://host:port/path`, `ws-server://host:port`, `osc://host:port/prefix`,
            `vmc://host:port`, `udp://host:port`, `mqtt://name:password@host:port/topic`,
            `lsl:name` or `-`.
        labels: The model's labels.

    Raises:
        SettingsError: It is not the address of a receiver, or a package is missing.
    """
    if address == "-":
        return LinesChannel()
    scheme, colon, rest = address.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in (*_OPENERS, "lsl"):
        raise SettingsError(f"{_shown(address)} is not a known kind of receiver; {ADVICE}")
    package = _PACKAGES.get(scheme)
    if package is not None and importlib.util.find_spec(package) is None:
        raise SettingsError(
            f"{scheme} needs the package {package}, which is not installed: "
            "pip install 'fer-live[send]'"
        )
    if scheme in MQTT_PORTS and set("#+?") & set(rest.rpartition("@")[2]):
        raise SettingsError(
            f"the topic of {_shown(address)} holds #, + or ?; choose another (in a name or a "
            "password write %23, %2B or %3F)"
        )
    if scheme == "lsl":
        return LslChannel(rest.strip("/") or ID, labels)
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"{_shown(address)} is not an address; {ADVICE}") from error
    if not parts.hostname:
        raise SettingsError(f"{_shown(address)} has no host; {ADVICE}")
    return _OPENERS[scheme](parts, parts.hostname, port)


def _shown(address: str) -> str:
    """Return what may be shown of an address that could not be parsed: it may hold a password."""
    scheme, slashes, _ = address.partition("://")
    return f"{scheme}://..." if slashes else repr(address)


def _needed(parts: SplitResult, port: int | None) -> int:
    """Return the port of an address whose scheme has no default port."""
    if port is None:
        shown = f"{parts.scheme}://{parts.hostname}"
        raise SettingsError(f"{shown} has no port; write {shown}:PORT")
    return port


def _udp(parts: SplitResult, host: str, port: int | None) -> Channel:
    return UdpChannel(host, _needed(parts, port))


def _osc(parts: SplitResult, host: str, port: int | None) -> Channel:
    return OscChannel(host, _needed(parts, port), parts.path.rstrip("/") or "/fer-live")


def _vmc(parts: SplitResult, host: str, port: int | None) -> Channel:
    return VmcChannel(host, port or VMC_PORT)


def _ws(parts: SplitResult, host: str, port: int | None) -> Channel:
    url = parts.geturl()
    return WebSocketChannel(url, public_name(url))


def _ws_server(parts: SplitResult, host: str, port: int | None) -> Channel:
    return WebSocketServerChannel(host, _needed(parts, port))


def _mqtt(parts: SplitResult, host: str, port: int | None) -> Channel:
    topic = unquote(parts.path.strip("/")) or "fer-live"
    login = None
    if parts.username:
        password = None if parts.password is None else unquote(parts.password)
        login = unquote(parts.username), password
    port = port or MQTT_PORTS[parts.scheme]
    return MqttChannel(host, port, topic, login=login, tls=parts.scheme == "mqtts")


_OPENERS: Final[dict[str, Callable[[SplitResult, str, int | None], Channel]]] = {
    "mqtt": _mqtt,
    "mqtts": _mqtt,
    "osc": _osc,
    "udp": _udp,
    "vmc": _vmc,
    "ws": _ws,
    "ws-server": _ws_server,
    "wss": _ws,
}
