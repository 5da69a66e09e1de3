"""JSON as UDP datagrams: no installation, no connection, no delivery confirmation."""

import socket
from typing import Final

from fer_live.realtime.send.channel import UnreachableError
from fer_live.realtime.send.message import Message

LONGEST: Final = 65_507
"""Maximum payload of an IPv4 datagram, in bytes."""


class UdpChannel:
    """One message a datagram."""

    def __init__(self, host: str, port: int) -> None:
        self.name = f"udp://{host}:{port}"
        self._where = (host, port)
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Look up the host."""
        family, kind, proto, _, self._where = socket.getaddrinfo(  # type: ignore[assignment]  # IPv6 addresses have four members
            *self._where[:2], type=socket.SOCK_DGRAM
        )[0]
        self._socket = socket.socket(family, kind, proto)

    def send(self, message: Message) -> None:
        """Send one datagram.

        Raises:
            UnreachableError: The message is too long for one.
        """
        data = message.text.encode()
        if len(data) > LONGEST:
            raise UnreachableError(f"a message of {len(data)} bytes does not fit into a datagram")
        if self._socket is not None:
            self._socket.sendto(data, self._where)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def abort(self) -> None:
        """Do nothing: a datagram never waits."""
