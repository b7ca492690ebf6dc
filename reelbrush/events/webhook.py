"""One signed POST to the webhook."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from typing import Any

from reelbrush.events.address import Receiver, receiver_of
from reelbrush.events.errors import DeliveryError
from reelbrush.events.signature import signed_headers

SECONDS = 5.0  # for one delivery, from connecting to the answer's status


def post(url: str, secret: str, event: dict[str, Any], seconds: float = SECONDS) -> None:
    """Deliver `event` as structured CloudEvents JSON within `seconds`. Raises DeliveryError.

    Any 2xx is success. Redirects are not followed, proxies are not used, the answer's body is not read.
    """
    receiver = receiver_of(url)
    body = json.dumps(event, separators=(",", ":")).encode()
    headers = {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "user-agent": "reelbrush",
        **signed_headers(secret, str(event["id"]), int(time.time()), body),
    }
    try:
        status = _status(receiver, body, headers, time.monotonic() + seconds)
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise DeliveryError(f"{receiver.host} did not answer: {reason}", unreachable=True) from None
    if not 200 <= status <= 299:
        raise DeliveryError(f"{receiver.host} answered {status}", final=status == 410)


def _status(receiver: Receiver, body: bytes, headers: dict[str, str], deadline: float) -> int:
    kind = http.client.HTTPSConnection if receiver.secure else http.client.HTTPConnection
    connection = kind(receiver.host, receiver.port)
    sock = _connected(receiver, deadline)
    # timeouts of a socket count each read anew, so that a receiver that drips bytes could hold us for ever
    alarm = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, [sock])
    alarm.daemon = True
    alarm.start()
    try:
        connection.sock = sock
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        connection.request("POST", receiver.path, body, headers)
        status = connection.getresponse().status
        if time.monotonic() >= deadline:
            raise TimeoutError("it took too long")
        return status
    finally:
        alarm.cancel()
        connection.close()


def _connected(receiver: Receiver, deadline: float) -> socket.socket:
    problem: OSError = OSError("it has no address")
    for address in receiver.addresses:
        try:
            raw = socket.create_connection((address, receiver.port), max(0.1, deadline - time.monotonic()))
        except OSError as error:
            problem = error
            continue
        if not receiver.secure:
            return raw
        context = ssl.create_default_context()
        return context.wrap_socket(raw, server_hostname=receiver.host, do_handshake_on_connect=False)
    raise problem


def _cut(sock: socket.socket) -> None:
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already
