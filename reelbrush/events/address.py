"""Where a webhook may lead: to a public address by https, or to this machine if named so."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from reelbrush.events.errors import DeliveryError

_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # by NAT64, to the IPv4 address at the end
_GLOBAL = ipaddress.IPv6Network("2000::/3")  # all that is given out; what is outside only looks public
_INSIDE = (  # beside what Python calls private, which differs from version to version
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's platform, which every machine in Azure can reach
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocols; some clouds tell machines their secrets here
    ipaddress.IPv4Network("192.88.99.0/24"),  # relays that are no more
)
_KEPT = "%/:?@!$&'()*+,;=~[]"  # what a path and its query may hold as it is


@dataclass(frozen=True)
class Receiver:
    """A checked receiver. Only `addresses` may be connected to: the name could mean others a moment later."""

    host: str
    port: int
    path: str  # with the query
    secure: bool
    addresses: tuple[str, ...]


def receiver_of(url: str) -> Receiver:
    """Return the receiver that `url` names, resolved. Raises DeliveryError for one that is not allowed.

    Allowed are https to hosts all of whose addresses are public, and http or https to `localhost` or a
    literal loopback address.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise DeliveryError("the webhook's URL cannot be read") from None
    local = _is_loopback(host)
    if not host or parts.username is not None or parts.scheme not in ("https", "http"):
        raise DeliveryError("the webhook's URL has to be https://host/path without user and password")
    if parts.scheme == "http" and not local:
        raise DeliveryError("the webhook's URL has to be https; http is for this machine only")
    secure = parts.scheme == "https"
    port = port or (443 if secure else 80)
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_KEPT)
    return Receiver(host, port, path, secure, _addresses(host, port, local))


def _addresses(host: str, port: int, local: bool) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeliveryError(f"the webhook's host {host} is not known: {error}", unreachable=True) from None
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        ip = _reached(address)
        if not (ip.is_loopback if local else _is_public(ip)):
            raise DeliveryError(
                f"the webhook's host {host} leads to the address {address}, which is not public"
            )
    return addresses


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _GLOBAL:
        return False
    inside = any(ip in network for network in _INSIDE)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not inside


def _reached(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _TRANSLATED:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
