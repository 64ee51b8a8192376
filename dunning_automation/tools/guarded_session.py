"""HTTP calls to addresses that somebody typed, without harm to what is inside.

Only https, only addresses of the public internet, no redirects, no proxy of the
environment, always a time-out. The address is looked at when the connection stands and
before anything is sent: a name that resolves to another address the second time is of
no use then.
"""

import ipaddress
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

TIMEOUT = 15
"""Seconds to wait, for the connection and for each part of the answer."""


class UnsafeAddress(ValueError):
    """Nothing was sent there."""


def check_url(url, allow_loopback=False):
    """
    :raise UnsafeAddress: when the URL is none that we call

    >>> check_url("https://example.com/sms")
    >>> for url in ("http://example.com", "https://a:b@example.com", "https://", "x"):
    ...     try:
    ...         check_url(url)
    ...     except UnsafeAddress:
    ...         print("refused")
    refused
    refused
    refused
    refused
    """
    parts = urlsplit(url or "")
    schemes = ("https", "http") if allow_loopback else ("https",)
    if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc:
        raise UnsafeAddress(parts.hostname or url)


def check_address(address, allow_loopback=False):
    """
    :raise UnsafeAddress: when it is not of the public internet

    >>> check_address("93.184.215.14")
    >>> check_address("127.0.0.1", allow_loopback=True)
    >>> for address in ("10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fd00::1",
    ...                 "::ffff:192.168.0.1", "0.0.0.0", "224.0.0.1"):
    ...     try:
    ...         check_address(address)
    ...     except UnsafeAddress:
    ...         continue
    ...     print(address, "was not refused")
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    if allow_loopback and found.is_loopback:
        return
    if not found.is_global or found.is_multicast:
        raise UnsafeAddress(address)


def _guard(connection_class, allow_loopback):
    """A connection that looks at its peer before it says anything."""

    class GuardedConnection(connection_class):
        def _new_conn(self):
            sock = super()._new_conn()
            try:
                check_address(sock.getpeername()[0], allow_loopback)
            except UnsafeAddress:
                sock.close()
                raise
            return sock

    return GuardedConnection


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, allow_loopback):
        self.allow_loopback = allow_loopback
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args, **kwargs):
        self.poolmanager = PoolManager(num_pools=1)
        self.poolmanager.pool_classes_by_scheme = {
            "http": self._make_pool(HTTPConnectionPool, HTTPConnection),
            "https": self._make_pool(HTTPSConnectionPool, HTTPSConnection),
        }

    def _make_pool(self, pool_class, connection_class):
        guarded = _guard(connection_class, self.allow_loopback)
        return type("GuardedPool", (pool_class,), {"ConnectionCls": guarded})


def open_session(allow_loopback=False):
    """A session that keeps its connection between two calls, to the address that was
    looked at, and nothing that the other side would like to have kept."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = _GuardedAdapter(allow_loopback)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def read(url, most, allow_loopback=False):
    """The text at ``url``, of at most so many bytes when it is unpacked; parameters and
    errors as of ``call``.

    :raise requests.RequestException: also when there is more, or the status is an error
    """
    with (
        open_session(allow_loopback) as session,
        call("GET", url, allow_loopback, session, stream=True) as response,
    ):
        response.raise_for_status()
        parts, size = [], 0
        for part in response.iter_content(1 << 16):
            parts.append(part)
            size += len(part)
            if size > most:
                raise requests.RequestException(f"More than {most} bytes")
        return b"".join(parts).decode("utf-8-sig", "replace")


def call(method, url, allow_loopback=False, session=None, **options):
    """One request; see above.

    :param session: of ``open_session``; None = one for this request
    :param options: ``json``, ``data``, ``headers``, ``auth``, ``stream`` as in
        ``requests``
    :raise UnsafeAddress: when nothing was sent for its sake
    :raise requests.RequestException: as ever
    """
    check_url(url, allow_loopback)
    options |= {"allow_redirects": False, "timeout": TIMEOUT}
    if session:
        return session.request(method, url, **options)
    with open_session(allow_loopback) as session:
        return session.request(method, url, **options)
