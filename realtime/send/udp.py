"""JSON as UDP datagrams: no installation, no connection, no delivery confirmation."""

import logging
import socket
from contextlib import suppress
from typing import Final

from fer_live.realtime.send.channel import UnreachableError
from fer_live.realtime.send.message import Message

LONGEST: Final = 65_507
"""Maximum payload of an IPv4 datagram, in bytes."""

_log = logging.getLogger(__name__)


class UdpChannel:
    """One message a datagram."""

    def __init__(self, host: str, port: int) -> None:
        self.name = f"udp://{host}:{port}"
        self._where = (host, port)
        self._socket: socket.socket | None = None
        self._refused = 0

    def open(self) -> None:
        """Look up the host; a connected socket is told by the system if nobody listens there."""
        family, kind, proto, _, self._where = socket.getaddrinfo(  # type: ignore[assignment]  # IPv6 addresses have four members
            *self._where[:2], type=socket.SOCK_DGRAM
        )[0]
        self._socket = socket.socket(family, kind, proto)
        self._socket.connect(self._where)

    def send(self, message: Message) -> None:
        """Send one datagram.

        Raises:
            UnreachableError: The message is too long for one.
        """
        data = message.text.encode()
        if len(data) > LONGEST:
            raise UnreachableError(f"a message of {len(data)} bytes does not fit into a datagram")
        self._deliver(data)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._refused:
            _log.warning("nobody listened at %s for %d datagrams or more", self.name, self._refused)
            self._refused = 0

    def _deliver(self, data: bytes) -> None:
        """Send one datagram; that an earlier one met a closed port is logged once."""
        if self._socket is None:
            return
        try:
            self._socket.send(data)
        except ConnectionRefusedError:  # the answer to an earlier one: this one was not sent
            if not self._refused:
                _log.warning("nobody listens at %s; sending on", self.name)
            self._refused += 1
            with suppress(ConnectionRefusedError):
                self._socket.send(data)

    def abort(self) -> None:
        """Do nothing: a datagram never waits."""
