"""The probe: who asks, under which name, how slowly, and from where it may."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bulkkit.errors import InputError, PreflightError
from bulkkit.probing.answers import AGAIN
from bulkkit.probing.conduct import FOREIGN, PLAIN, domains_to_try, settled
from bulkkit.probing.conversation import Conversation
from bulkkit.probing.memory import Memory, Question
from bulkkit.probing.preflight import findings
from bulkkit.probing.rounds import Rounds
from bulkkit.probing.standing import standing
from bulkkit.sending.clock import SYSTEM_CLOCK, Clock
from bulkkit.sending.pace import Pace
from bulkkit.sending.throttle import HOUR, Throttle
from bulkkit.verification.aside import Interrupted, in_thread
from bulkkit.verification.domains.resolver import Resolver
from bulkkit.verification.probed import Probed, Target
from bulkkit.vocabulary import Reason

TRIED: Final = 3
"""Mail servers that are tried before port 25 counts as closed."""

PASSING: Final = AGAIN | {Reason.TIMEOUT_EXCEEDED, Reason.FAILED_SMTP_CONNECTION, Reason.FORCIBLE_DISCONNECT}
"""What may be otherwise when it is asked again."""

KEPT: Final = "What was answered is kept: the same again goes on from there."
UNKEPT: Final = "The same Probe goes on from there; with cache=FILE, or --cache FILE, another one does too."

_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks mail servers about mailboxes: RCPT, and never a message.

    It is for the few addresses about which nothing else tells. The big providers
    answer it falsely, and it can get this machine's address block-listed. Before
    the first question it looks at how this machine stands (port 25, its name, the
    name in HELO), and asks nobody where something speaks against it.

    Parameters
    ----------
    helo : str
        The name of this machine in HELO, with this machine's address in DNS.
    sender : str
        The address in MAIL FROM; a real one, which can take what comes back.
    address : str, optional
        The address from which mail servers see this machine, where that is not
        its own.
    throttle : Throttle
        Questions to one network in any window; one connection each at a time.
    patience : float
        Seconds for all of it. Whose turn does not come stays `not_probed`.
    timeout : float
        Seconds for each answer.
    cache : path, optional
        The file that keeps what was asked and answered, with the addresses, for
        three days: another probe goes on from there, within the same limits.
        Default none.
    port : int
        The port of mail servers (RFC 5321 4.5.4.2).
    clock : Clock
        What the pace and the wait after greylisting go by.
    seed : int, optional
        Of the names that nobody has.

    Notes
    -----
    A yes makes a mailbox `deliverable` only where the same domain says no to
    somebody: to another address, or to a name that nobody has, which is asked
    about last, and never at Microsoft's or Yahoo's servers. What was answered is
    remembered for as long as this object lives, or in `cache`, so that an
    interrupted `verify` goes on when it is called again.

    Raises
    ------
    InputError
        `helo` is no full host name, or `sender` no address.
    PreflightError
        From `verify`: this machine may not ask; nobody was asked.
    """

    helo: str
    sender: str
    address: str | None = None
    throttle: Throttle = field(default_factory=Throttle.cautious)
    patience: float = HOUR
    timeout: float = 60.0
    cache: str | Path | None = None
    port: int = 25
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)
    seed: int | None = field(default=None, repr=False)
    _said: dict[str, Probed] = field(default_factory=dict, init=False, repr=False, compare=False)
    _strangers: dict[str, Probed] = field(default_factory=dict, init=False, repr=False, compare=False)
    _memory: Memory | None = field(default=None, init=False, repr=False, compare=False)
    _paces: dict[str, Pace] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _HOST.fullmatch(self.helo):
            raise InputError(
                f"helo={self.helo!r} is no full host name. It reads mail.example.org, and DNS gives it the address of "
                "this machine (RFC 5321 4.1.1.1)."
            )
        if not PLAIN.fullmatch(self.sender):
            raise InputError(f"sender={self.sender!r} is no address. It is a real one of yours: bounces@example.org.")
        if self.cache is not None:
            memory = Memory(Path(self.cache))
            object.__setattr__(self, "_memory", memory)
            self._recall(memory)

    def ask(self, targets: Sequence[Target], resolver: Resolver) -> Mapping[str, Probed]:
        """Return what was said of each target, by address.

        Raises
        ------
        PreflightError
            This machine may not ask; nobody was asked.
        """
        foreign = {
            target.address: Probed(Reason.NOT_PROBED, diagnostic=FOREIGN, asked=False)
            for target in targets
            if not PLAIN.fullmatch(target.address)
        }
        plain = [target for target in targets if target.address not in foreign]
        rounds = Rounds(self, resolver.asker(), dict(self._said), dict(self._strangers))
        untried = set(domains_to_try(plain, rounds.said)) - rounds.strangers.keys()
        if untried or any(target.address not in rounds.said for target in plain):
            self._hold(rounds, plain)
        return foreign | settled(plain, rounds.said, rounds.strangers)

    def keep(self, key: str, network: str, answer: Probed) -> None:
        """Keep what was asked and said, by address, or by `@domain` for a name that nobody has, if there is a file."""
        if self._memory:
            self._memory.add(Question(key, network, self.clock.now().timestamp(), answer))

    def pace(self, network: str) -> Pace:
        """Return the limit of a network at work, the same for all that this probe asks."""
        return self._paces.setdefault(network, Pace(self.throttle.limit(network)))

    def conversation(self, host: str) -> Conversation:
        """Return a conversation with one server, not yet begun."""
        return Conversation(host, self.port, self.helo, self.timeout)

    def stranger(self, domain: str) -> str:
        """Return an address that nobody has."""
        # Beginning with a letter and of a usual length, so that a filter has no other reason to refuse it.
        letters = (random if self.seed is None else random.Random(f"{self.seed}{domain}")).choices(
            string.ascii_lowercase + string.digits, k=14
        )
        return f"x{''.join(letters)}@{domain}"

    def _recall(self, memory: Memory) -> None:
        """Take up what another probe was told, and its place under the networks' limits."""
        now, seconds = self.clock.now().timestamp(), self.clock.seconds()
        for question in memory.read(now):
            self.pace(question.network).remember(seconds - (now - question.at))
            if question.is_telling and question.key.startswith("@"):
                self._strangers[question.key[1:]] = question.answer
            elif question.is_telling:
                self._said[question.key] = question.answer

    def _hold(self, rounds: Rounds, targets: list[Target]) -> None:
        """Ask, and remember what will be the same in a while, also where the wait was interrupted."""

        def done() -> int:
            return sum(target.address in rounds.said for target in targets)

        try:
            in_thread(lambda: self._work(rounds, targets), rounds, "Asking mail servers", len(targets), done)
        except KeyboardInterrupt:
            rest = KEPT if self._memory else UNKEPT
            raise Interrupted(f"stopped after {done():,} of {len(targets):,} mailboxes. {rest}") from None
        finally:
            lasting = {address: answer for address, answer in rounds.said.items() if _lasts(answer)}
            self._said.update(lasting)
            self._strangers.update(rounds.strangers)

    async def _work(self, rounds: Rounds, targets: list[Target]) -> None:
        try:
            hosts = list(dict.fromkeys(target.hosts[0] for target in targets))[:TRIED]
            known = await standing(rounds.asker, hosts, self.port, self.helo, self.address)
            if against := findings(known):
                raise PreflightError(
                    f"No mail server was asked, for this machine should not: {' '.join(against)} Use depth='dns'."
                )
            await rounds.ask(targets)
        finally:
            if hasattr(rounds.asker, "close"):
                await rounds.asker.close()


def _lasts(answer: Probed) -> bool:
    return answer.asked and answer.reason not in PASSING
