"""A webhook's address leads to a public machine or to this one by name, whatever it is written like."""

from __future__ import annotations

import ipaddress
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from reelbrush.events.address import receiver_of
from reelbrush.events.errors import DeliveryError
from reelbrush.events.webhook import post
from tests.torture.access.canary import canary
from tests.torture.access.judge import held
from tests.torture.toll import Toll

EVENT = {"id": "clip-0123456789/0/started", "specversion": "1.0"}
FORBIDDEN_4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "169.254.169.254/32",
    "172.16.0.0/12", "192.0.0.0/24", "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
    "255.255.255.255/32", "168.63.129.16/32",
)  # fmt: skip
FORBIDDEN_6 = (
    "::/128", "::1/128", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/32",
    "2001:db8::/32", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "5f00::/16",
)  # fmt: skip
WIDE = str.maketrans("0123456789.", "０１２３４５６７８９。")


def spellings(address: ipaddress.IPv4Address) -> Iterator[str]:
    """Yield hosts of URLs that mean an IPv4 address, as resolvers and browsers read them."""
    number, parts = int(address), str(address).split(".")
    yield str(address)
    yield str(number)
    yield hex(number)
    yield f"0{number:o}"
    yield ".".join(hex(int(part)) for part in parts)
    yield ".".join(f"0{int(part):o}" for part in parts)
    yield f"{parts[0]}.{number & 0xFFFFFF}"
    yield f"{parts[0]}.{parts[1]}.{number & 0xFFFF}"
    yield str(address).translate(WIDE)
    yield f"{address}."
    yield f"%{ord(str(address)[0]):x}{str(address)[1:]}"
    high, low = number >> 16, number & 0xFFFF
    for prefix in ("::ffff:", "64:ff9b::", "::", "::ffff:0:"):
        yield f"[{prefix}{address}]"
        yield f"[{prefix}{high:x}:{low:x}]"
    yield f"[2002:{high:x}:{low:x}::1]"
    yield f"[::ffff:{address}%25lo]"


def drawn(network: ipaddress.IPv4Network | ipaddress.IPv6Network, draw: random.Random) -> Any:
    """Return one of the network's addresses."""
    return network[draw.randrange(network.num_addresses)]


def is_named_loopback(host: str) -> bool:
    """Whether this host is this machine under a name that is allowed."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass
class Wire:
    """Takes the place of connecting, so that the test needs no network and sees every attempt."""

    tried: list[str] = field(default_factory=list[str])

    def connect(self, address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        self.tried.append(address[0])
        raise ConnectionRefusedError("nobody is here")


@pytest.mark.torture("webhook addresses that mean a private machine", full=20000, slice=1000)
def test_no_spelling_leads_inside(toll: Toll, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire()
    monkeypatch.setattr(socket, "create_connection", wire.connect)
    for seed in toll.seeds():
        draw = random.Random(seed)
        if toll.tried >= toll.tries:
            break
        inside = [host for net in FORBIDDEN_4 for host in spellings(drawn(ipaddress.IPv4Network(net), draw))]
        inside += [f"[{drawn(ipaddress.IPv6Network(net), draw)}]" for net in FORBIDDEN_6]
        for host in inside:
            around = draw.choice(["", ":443", ":8443", ":80"])
            url = f"https://{host}{around}/hook?x=1"
            if draw.random() < 0.1:
                url = url.replace(
                    "https://", draw.choice(["https://public.example@", "https://8.8.8.8:443@", "HTTPS://"])
                )
            if draw.random() < 0.1:
                url = url.replace("https:", "http:")
            if is_named_loopback(host) and "@" not in url:
                continue
            wire.tried.clear()
            try:
                post(url, "secret", EVENT)
                refused = False
            except DeliveryError:
                refused = True
            held(toll, refused and not wire.tried, f"seed {seed}: {url} was connected to: {wire.tried}")


@pytest.mark.torture("webhook names that resolve to something else at each look", full=1500, slice=100)
def test_a_name_that_changes_is_connected_where_it_was_checked(
    toll: Toll, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, draw = Wire(), random.Random(0)
    monkeypatch.setattr(socket, "create_connection", wire.connect)
    answers: list[list[str]] = []

    def resolve(*_: Any, **__: Any) -> list[Any]:
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    public = ["93.184.215.14", "8.8.8.8", "2606:4700::1111"]
    for seed in toll.seeds():
        draw = random.Random(seed)
        first = draw.sample(public, draw.randint(1, 3))
        inside = str(drawn(ipaddress.IPv4Network(draw.choice(FORBIDDEN_4)), draw))
        mixed = draw.random() < 0.5
        shown = [*first, inside] if mixed else first
        draw.shuffle(shown)
        answers[:] = [shown, [inside], [inside]]
        wire.tried.clear()
        with pytest.raises(DeliveryError):
            post("https://hooks.example/a", "secret", EVENT)
        good = wire.tried == ([] if mixed else shown)
        held(toll, good, f"seed {seed}: {shown} then {inside}: connected to {wire.tried}")


@pytest.mark.torture("webhook receivers that send the event elsewhere", full=24, slice=12)
def test_nobody_is_followed(toll: Toll) -> None:
    with canary() as (elsewhere, seen):
        post(f"{elsewhere}/seen", "secret", EVENT)
        assert seen[0].startswith("POST /seen "), "the canary notices what comes"
        seen.clear()
        for status in (301, 302, 303, 307, 308, 300):
            for location in (f"{elsewhere}/x", elsewhere.replace("http:", ""), f"{elsewhere}@evil", "/again")[
                : toll.tries // 6
            ]:
                with canary(status, location) as (receiver, asked):
                    with pytest.raises(DeliveryError):
                        post(f"{receiver}/hook", "secret", EVENT)
                    once = len(asked) == 1 and asked[0].startswith("POST /hook ")
                    held(toll, once and not seen, f"{status} to {location}: {asked}, {seen}")


def test_public_addresses_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("8.8.8.8", "[2606:4700::1111]", "[64:ff9b::808:808]", "[2002:808:808::1]", "1.1.1.1:8443"):
        assert receiver_of(f"https://{host}/").secure
