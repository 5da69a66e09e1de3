"""MQTT: messages published to a topic of a broker, for home automation and dashboards."""

from typing import TYPE_CHECKING, Final

from fer_live.realtime.send.channel import UnreachableError
from fer_live.realtime.send.message import Message

if TYPE_CHECKING:
    from paho.mqtt.client import Client

PATIENCE_S: Final = 5.0
"""How long the broker may take to accept the connection, and to take one message."""


class MqttChannel:
    """Publishes each message once (quality of service 0) and not retained."""

    def __init__(
        self,
        host: str,
        port: int,
        topic: str,
        *,
        login: tuple[str, str | None] | None = None,
        tls: bool = False,
    ) -> None:
        """Connect to nothing yet.

        Args:
            host: The broker.
            port: Of the broker.
            topic: The topic to publish to.
            login: Name and password, if the broker requires them.
            tls: Whether the connection is encrypted.
        """
        self.name = f"{'mqtts' if tls else 'mqtt'}://{host}:{port}/{topic}"
        self._where = (host, port)
        self._topic = topic
        self._login = login
        self._tls = tls
        self._client: Client | None = None

    def open(self) -> None:
        """Connect and log in.

        Raises:
            UnreachableError: The broker refuses the connection.
            OSError: There is no broker.
        """
        from paho.mqtt.client import Client  # noqa: PLC0415 (an extra)
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

        client = Client(CallbackAPIVersion.VERSION2)
        client.connect_timeout = PATIENCE_S
        if self._login is not None:
            client.username_pw_set(*self._login)
        if self._tls:
            client.tls_set()
        refusals: list[str] = []
        client.on_connect = lambda _client, _data, _flags, reason, _properties: (
            refusals.append(str(reason)) if reason.is_failure else None
        )
        client.connect(*self._where)
        self._client = client
        while not client.is_connected():
            if client.loop(PATIENCE_S) or refusals:
                reason = refusals[0] if refusals else "it closed the connection"
                raise UnreachableError(f"the broker refuses the connection: {reason}")

    def send(self, message: Message) -> None:
        """Publish one message and wait until the system has accepted it.

        Raises:
            UnreachableError: The broker is gone, or no longer accepts messages.
        """
        client = self._client
        if client is None:
            return
        client.publish(self._topic, message.text, qos=0)
        # paho writes at once if it can, and queues the rest without limit; so nothing is published
        # before the last message has been sent. Reading keeps the connection alive.
        while client.want_write():
            if client.loop_write():
                raise UnreachableError("the broker closed the connection")
        if client.loop(timeout=0) or not client.is_connected():
            raise UnreachableError("the broker closed the connection")

    def close(self) -> None:
        """Disconnect from the broker."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None

    def abort(self) -> None:
        """Close the connection, so that a waiting `send` ends."""
        client = self._client
        tcp = None if client is None else client.socket()
        if tcp is not None:
            tcp.close()
