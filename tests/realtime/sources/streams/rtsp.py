"""As much of an RTSP camera as is needed: RFC 2326 over one connection, H.264 in RFC 6184's RTP."""

import re
import socket
import struct
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Final

from tests.realtime.sources.streams.servers import PICTURE_PERIOD_S, Conversation, Server, hear

PAYLOAD: Final = 96
CLOCK_HZ: Final = 90_000
SHOWS_A_PICTURE: Final = (1, 5)
"""Types of the units of H.264 that complete a picture, where a picture is one slice."""
SDP: Final = "\r\n".join(
    (
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=door",
        "t=0 0",
        f"m=video 0 RTP/AVP {PAYLOAD}",
        f"a=rtpmap:{PAYLOAD} H264/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD} packetization-mode=1",
        "a=control:track1",
        "",
    )
)


def rtsp_camera(
    film: Path, *, authorization: str | None = None, udp_only: bool = False
) -> Conversation:
    """Return a conversation that sends a raw H.264 film again and again.

    Args:
        film: A file of the format "h264".
        authorization: What a visitor has to say to be let in; None lets everybody in.
        udp_only: Whether pictures are sent by UDP, and asking for TCP is refused.
    """
    units = [unit for unit in re.split(b"\x00\x00\x00?\x01", film.read_bytes()) if unit]

    def talk(visitor: socket.socket, server: Server) -> None:
        port: int | None = None
        while True:
            hear(visitor, server)
            request = server.requests[-1]
            number = re.search(r"CSeq: *(\d+)", request)
            assert number is not None
            if authorization is not None and f"Authorization: {authorization}" not in request:
                refusal = 'WWW-Authenticate: Basic realm="door"\r\n'
                visitor.sendall(_answer("401 Unauthorized", number[1], refusal))
            elif request.startswith("OPTIONS"):
                visitor.sendall(_answer("200 OK", number[1], "Public: DESCRIBE, SETUP, PLAY\r\n"))
            elif request.startswith("DESCRIBE"):
                visitor.sendall(_answer("200 OK", number[1], "", SDP))
            elif request.startswith("SETUP"):
                status, transport, port = _set_up(request, udp_only=udp_only)
                visitor.sendall(_answer(status, number[1], transport))
            else:  # PLAY
                visitor.sendall(_answer("200 OK", number[1], "Session: 7\r\n"))
                _play(visitor, server, units, port)
                return

    return talk


def _set_up(request: str, *, udp_only: bool) -> tuple[str, str, int | None]:
    """Return what is answered to how pictures shall be sent, and the port for datagrams."""
    if not udp_only:
        lines = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 7\r\n"
        return "200 OK", lines, None
    if "interleaved" in request:
        return "461 Unsupported Transport", "", None
    ports = re.search(r"client_port=(\d+)-(\d+)", request)
    assert ports is not None
    both = f"client_port={ports[1]}-{ports[2]};server_port=45000-45001"
    return "200 OK", f"Transport: RTP/AVP/UDP;unicast;{both}\r\nSession: 7\r\n", int(ports[1])


def _play(visitor: socket.socket, server: Server, units: list[bytes], port: int | None) -> None:
    packets = _packets(units)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        while server.pause(PICTURE_PERIOD_S):
            ends_picture = server.mood != "send"
            while not ends_picture:
                ends_picture, packet = next(packets)
                if port is None:
                    visitor.sendall(b"$\0" + struct.pack(">H", len(packet)) + packet)
                else:
                    datagrams.sendto(packet, ("127.0.0.1", port))


def _packets(units: list[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Yield packets without an end, and whether each completes a picture."""
    time = 0
    for number, unit in zip(count(), cycle(units), strict=False):
        ends_picture = unit[0] & 31 in SHOWS_A_PICTURE
        kind = PAYLOAD | (ends_picture << 7)
        yield ends_picture, struct.pack(">BBHII", 128, kind, number & 0xFFFF, time, 1) + unit
        time += ends_picture * round(PICTURE_PERIOD_S * CLOCK_HZ)


def _answer(status: str, number: str, lines: str, body: str = "") -> bytes:
    if body:
        lines += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
    return f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{lines}\r\n{body}".encode()
