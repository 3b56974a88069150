"""Who is asked about domains, how many questions at once, and where the answers are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.inet
import dns.resolver

from bulkkit.errors import InputError
from bulkkit.verification.domains.answers import Found, Records
from bulkkit.verification.domains.cache import Cache, cache_of
from bulkkit.verification.domains.nameservers import NameServer, NameServers
from bulkkit.verification.domains.question import Asker

PORT: Final = 53
"""RFC 1035 4.2."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """The name servers that are asked, and how.

    Parameters
    ----------
    servers : sequence of str, optional
        IP addresses, each with a port where it is not 53: `192.0.2.53`,
        `127.0.0.1:5353`, `[::1]:5353`. They are asked in turn. Default those of
        this machine.
    concurrency : int
        Questions open at once.
    timeout : float
        Seconds to wait for one server's answer.
    rounds : int
        How often each server is asked before the answer is unknown.
    cache : path or bool
        The file that keeps the answers for as long as their TTL says; True for
        one in the user's cache folder (for these servers alone), False for none.
    through : Asker or a resolver of dnspython's, optional
        Who is asked instead of `servers`: anything with
        `async ask(name, kind) -> Records`, or a `dns.resolver.Resolver` or
        `dns.asyncresolver.Resolver` with its own settings. Nothing is kept on
        disk, unless `cache` names a file.
    """

    servers: Sequence[str] = ()
    concurrency: int = 100
    timeout: float = 3.0
    rounds: int = 2
    cache: str | Path | bool = True
    through: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.servers, str):
            object.__setattr__(self, "servers", (self.servers,))
        for server in self.servers:
            _place(server)
        for name in ("concurrency", "timeout", "rounds"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name}={getattr(self, name)} would ask nobody; it is above 0.")

    def asker(self) -> Asker:
        """Return who answers; to be used in one event loop."""
        if self.through is not None:
            is_dnspython = isinstance(self.through, dns.resolver.BaseResolver)
            return _Dnspython(self.through) if is_dnspython else self.through
        return NameServers(self._places(), self.timeout, self.rounds)

    def kept(self) -> Cache | None:
        """Return where the answers are kept, or None."""
        if not isinstance(self.cache, bool):
            return Cache(Path(self.cache))
        if not self.cache or self.through is not None:
            return None
        return Cache(cache_of(str(place) for place in self._places()))

    def _places(self) -> tuple[NameServer, ...]:
        return tuple(_place(server) for server in self.servers) or _own_servers()


def as_resolver(resolver: Any) -> Resolver:
    """Return the resolver that was handed in, whatever its shape: see `verify`."""
    if resolver is None or isinstance(resolver, Resolver):
        return resolver or Resolver()
    if isinstance(resolver, str):
        return Resolver((resolver,))
    if isinstance(resolver, dns.resolver.BaseResolver) or hasattr(resolver, "ask"):
        return Resolver(through=resolver)
    if isinstance(resolver, Sequence):
        return Resolver(tuple(resolver))
    raise InputError(
        f"{type(resolver).__name__} is no resolver. Pass bulkkit.verification.Resolver(['127.0.0.1:5353']), the "
        "addresses themselves, or a resolver of dnspython's."
    )


class _Dnspython:
    """A resolver of dnspython's, with whatever its owner set it to."""

    def __init__(self, resolver: Any) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        if isinstance(resolver, dns.asyncresolver.Resolver):
            self._resolver = resolver
        else:
            self._resolver.__dict__.update(resolver.__dict__)

    async def ask(self, name: str, kind: str) -> Records:
        """Return the records of one kind that a name has."""
        try:
            answer = await self._resolver.resolve(name + ".", kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN as error:
            return Records(Found.NO_NAME, ttl=_ttl_of(error))
        except dns.exception.DNSException as error:
            is_silence = isinstance(error, dns.exception.Timeout)
            return Records(Found.FAILED, said=f"{kind}: {error}", is_silence=is_silence)
        if answer.rrset is None:
            return Records(Found.NO_DATA, ttl=answer.chaining_result.minimum_ttl)
        return Records(Found.RECORDS, tuple(value.to_text() for value in answer), answer.chaining_result.minimum_ttl)


def _ttl_of(error: dns.resolver.NXDOMAIN) -> int:
    responses: Any = error.responses()  # type: ignore[no-untyped-call]
    return min((int(said.resolve_chaining().minimum_ttl) for said in responses.values()), default=0)


def _own_servers() -> tuple[NameServer, ...]:
    try:
        known = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        raise InputError(
            "This machine knows no name server. Hand one in: resolver=bulkkit.verification.Resolver(['192.0.2.53'])."
        ) from None
    return tuple(NameServer(str(server), known.port) for server in known.nameservers)


def _place(server: str) -> NameServer:
    host, port = server, str(PORT)
    if server.startswith("[") or server.count(":") == 1:
        host, _, port = server.rpartition(":") if not server.endswith("]") else (server, "", str(PORT))
    host = host.strip("[]")
    if not dns.inet.is_address(host) or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise InputError(f"{server!r} is no name server's address: it reads 192.0.2.53, 127.0.0.1:5353 or [::1]:5353.")
    return NameServer(host, int(port))
