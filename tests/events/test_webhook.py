"""Where a webhook may lead, how long it may take, and how its calls are signed."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reelbrush.events.address import receiver_of
from reelbrush.events.errors import DeliveryError
from reelbrush.events.signature import signed_headers
from reelbrush.events.webhook import post
from tests.certificates import self_signed
from tests.conftest import ROOT
from tests.events.receivers import receiving

EVENT = {"id": "clip-0123456789/0/started", "specversion": "1.0"}
SECRETS = ["a plain secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/metadata/identity",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://2130706433/",
        "https://127.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::169.254.169.254]/",
        "https://[2002:a9fe:a9fe::1]/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[fec0::1]/",
        "https://[::10.0.0.1]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://168.63.129.16/",
        "https://192.0.0.192/",
        "https://[64:ff9b::168.63.129.16]/",
        "http://[::ffff:10.0.0.1]/",
        "https://user:password@127.0.0.1/",
        "https://user@example.com/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https:///path",
        "https://[::1/",
        "https://example.com:port/",
        "",
    ],
)
def test_addresses_that_are_not_public_are_refused(url: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        receiver_of(url)
    assert not caught.value.unreachable
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "addresses", "allowed"),
    [
        ("hooks.example", ["93.184.215.14"], True),
        ("hooks.example", ["93.184.215.14", "2606:4700::1111"], True),
        ("hooks.example", ["93.184.215.14", "10.0.0.1"], False),
        ("hooks.example", ["64:ff9b::5db8:d70e"], True),
        ("hooks.example", ["127.0.0.1"], False),
        ("localhost", ["127.0.0.1", "::1"], True),
        ("localhost", ["93.184.215.14"], False),
    ],
)
def test_all_addresses_of_a_name_count(
    host: str, addresses: list[str], allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    if allowed:
        assert receiver_of(f"https://{host}/a?b").addresses == tuple(addresses)
    else:
        with pytest.raises(DeliveryError, match="not public"):
            receiver_of(f"https://{host}/a?b")


def test_a_path_in_any_letters_is_called() -> None:
    with receiving() as receiver:
        root = receiver.url.partition("/hook")[0]
        for path in ("/ä b?x=ü&y=%C3%BC|", "/plain/~a;b?c=d%20e&f=[g]#fragment"):
            post(root + path, SECRETS[0], EVENT)
    assert [path for path, _, _ in receiver.calls] == [
        "/%C3%A4%20b?x=%C3%BC&y=%C3%BC%7C",
        "/plain/~a;b?c=d%20e&f=[g]",
    ]


def test_redirects_are_not_followed() -> None:
    with receiving() as receiver:
        receiver.answers = [307]
        with pytest.raises(DeliveryError, match="307"):
            post(receiver.url, SECRETS[0], EVENT)
    assert [path for path, _, _ in receiver.calls] == ["/hook?a=1"]


def test_a_slow_receiver_costs_a_bounded_time() -> None:
    with receiving() as receiver:
        receiver.pause = 30.0
        began = time.monotonic()
        with pytest.raises(DeliveryError) as caught:
            post(receiver.url, SECRETS[0], EVENT, seconds=0.4)
    assert caught.value.unreachable
    assert time.monotonic() - began < 20


@pytest.fixture
def dripping() -> Iterator[str]:
    """The URL of a receiver that sends one byte every 0.05 seconds and never ends."""
    ended = threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
            while not ended.wait(0.05):
                try:
                    connection.sendall(b"a")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        ended.set()
        thread.join(60)


def test_a_receiver_that_drips_bytes_costs_a_bounded_time(dripping: str) -> None:
    began = time.monotonic()
    with pytest.raises(DeliveryError):
        post(dripping, SECRETS[0], EVENT, seconds=0.5)
    assert time.monotonic() - began < 20


def test_certificates_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path / "own.pem")
    with receiving(certificate) as receiver:
        with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED"):
            post(receiver.url, SECRETS[0], EVENT)
        assert receiver.calls == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        post(receiver.url, SECRETS[0], EVENT)
    assert len(receiver.calls) == 1


def test_the_signature_is_that_of_the_standard() -> None:
    headers = signed_headers(SECRETS[1], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.fixture(scope="module")
def documented() -> Any:
    """The function `verified` as docs/events.md shows it."""
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "events.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["verified"]


@pytest.mark.parametrize("secret", SECRETS)
def test_the_documented_check_accepts_our_calls_and_no_others(documented: Any, secret: str) -> None:
    with receiving() as receiver:
        post(receiver.url, secret, EVENT)
    [(_, headers, body)] = receiver.calls
    assert documented(secret, headers, body)
    assert not documented("another secret", headers, body)
    assert not documented(secret, headers, body + b" ")
    assert not documented(secret, {**headers, "webhook-id": "another"}, body)
    old = signed_headers(secret, EVENT["id"], int(time.time()) - 3600, body)
    assert not documented(secret, old, body)
