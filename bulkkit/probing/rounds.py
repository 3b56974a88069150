"""All mailboxes asked about: network by network at its pace, and once more after a while where a server put us off."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bulkkit.probing.answers import AGAIN, Heard, Step, is_refusal, probed
from bulkkit.probing.conduct import LATER, REFUSED, by_network, domains_to_try, routes
from bulkkit.probing.conversation import Conversation
from bulkkit.probing.standing import addresses
from bulkkit.verification.aside import until_over
from bulkkit.verification.domains.question import Asker
from bulkkit.verification.probed import Probed, Target
from bulkkit.vocabulary import Reason

if TYPE_CHECKING:
    from bulkkit.probing.probe import Probe

A_CONVERSATION: Final = 20
"""Mailboxes asked about on one connection: what the networks that count them take at least (Yahoo, KumoMTA's figures of
2026-11)."""

AT_ONCE: Final = 10
"""Networks that are asked at once; each is asked over one connection at a time."""

BREAKS: Final = 2
"""Connections in a row that a server ends before it is left alone."""

REFUSALS: Final = 3
"""Mailboxes in a row for which a network refuses us before it is left alone; a refusal to talk counts for as many."""

SERVERS: Final = 2
"""Servers of a domain that are tried."""

A_WHILE: Final = 300.0
"""Seconds after which a server that put us off is asked again (Postfix's minimal_backoff_time)."""

LONG: Final = 5.0
"""Seconds of waiting over which a connection is not kept."""

TICK: Final = 0.2


@dataclass
class Rounds:
    """What is known so far; the thread that asks adds, the one that waits reads."""

    probe: Probe
    asker: Asker
    said: dict[str, Probed] = field(default_factory=dict)
    """What was said of each address; a yes may still turn out to be worth nothing."""
    strangers: dict[str, Probed] = field(default_factory=dict)
    """What was said, by domain, of a name that nobody has."""
    is_over: bool = False
    deadline: float = 0.0

    async def ask(self, targets: Sequence[Target]) -> None:
        """Ask about all of these mailboxes."""
        self.deadline = self.probe.clock.seconds() + self.probe.patience
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(network: str, group: list[Target]) -> None:
            async with gate:
                await _Network(self, network).ask(group)

        await until_over(self, [one(network, group) for network, group in by_network(targets).items()])

    async def until(self, moment: float) -> None:
        """Wait until the clock says so."""
        clock = self.probe.clock
        while (rest := moment - clock.seconds()) > 0:  # noqa: ASYNC110 - a clock can be moved forward
            await asyncio.sleep(min(TICK, clock.machine_seconds(rest)))


class _Network:
    """One network, asked over one connection at a time."""

    def __init__(self, rounds: Rounds, name: str) -> None:
        self._rounds, self._probe, self._name = rounds, rounds.probe, name
        self._pace = self._probe.pace(name)
        self._refusals = 0
        self._breaks: Counter[tuple[str, ...]] = Counter()
        self._dead: dict[tuple[str, ...], Probed] = {}

    async def ask(self, targets: list[Target]) -> None:
        said = self._rounds.said
        await self._all([target for target in targets if target.address not in said], targets)
        put_off = [target for target in targets if target.address in said and said[target.address].reason in AGAIN]
        again = self._now + A_WHILE
        if put_off and not self._is_refusing and again <= self._rounds.deadline:
            await self._rounds.until(again)
            self._dead.clear()
            await self._all(put_off, targets)

    async def _all(self, wanted: list[Target], everyone: list[Target]) -> None:
        """Ask about those that are wanted, so many on each connection, and last about names that nobody has."""
        for route in routes(wanted):
            for start in range(0, len(route), A_CONVERSATION):
                await self._ask(route[start : start + A_CONVERSATION], self._keep, "{0.address}")
        hosts = {target.domain: target.hosts for target in everyone}
        for domain in domains_to_try(everyone, self._rounds.said):
            if domain not in self._rounds.strangers:
                stranger = Target(self._probe.stranger(domain), domain, hosts[domain], self._name)
                await self._ask([stranger], self._keep_stranger, "@{0.domain}")

    def _keep(self, target: Target, answer: Probed) -> None:
        # What a server said is kept where it could not be asked a second time.
        earlier = self._rounds.said.get(target.address)
        if answer.asked or earlier is None or not earlier.asked:
            self._rounds.said[target.address] = answer

    def _keep_stranger(self, stranger: Target, answer: Probed) -> None:
        if answer.asked:
            self._rounds.strangers[stranger.domain] = answer

    async def _ask(self, targets: list[Target], keep: Callable[[Target, Probed], None], key: str) -> None:
        """Ask on one connection, or on several where the pace takes longer than one lasts; `key` is for the memory."""
        talk: Conversation | None = None
        try:
            for target in targets:
                ready = self._pace.ready_at(self._now) or self._now
                if known := self._known(target, ready):
                    keep(target, known)
                    continue
                if talk and (ready - self._now > LONG or talk.over):
                    await talk.close()
                    talk = None
                await self._rounds.until(ready)
                talk = talk or await self._open(target.hosts)
                answer = await self._one(talk, target)
                keep(target, answer)
                self._probe.keep(key.format(target), target.network, answer)
        finally:
            if talk:
                await talk.close()

    def _known(self, target: Target, ready: float) -> Probed | None:
        """Return what to say of a mailbox that is not asked about: its servers are gone, or its turn comes too late."""
        late = self._is_refusing or ready > self._rounds.deadline
        return self._dead.get(target.hosts) or (self._left_out() if late else None)

    async def _one(self, talk: Conversation, target: Target) -> Probed:
        self._pace.take()
        try:
            answer = probed(talk.over or await talk.ask(target.address))
        finally:
            self._pace.release(self._now)
        self._mark(target.hosts, talk, answer)
        return answer

    def _mark(self, hosts: tuple[str, ...], talk: Conversation, answer: Probed) -> None:
        """Note which servers are not worth another connection, and how often the network refused us in a row."""
        early = talk.over is not None and talk.over.step is not Step.RCPT
        self._breaks[hosts] = self._breaks[hosts] + 1 if talk.over else 0
        if early or self._breaks[hosts] >= BREAKS:
            self._dead[hosts] = answer
        if not is_refusal(answer):
            self._refusals = 0
        else:
            self._refusals += REFUSALS if early else 1

    @property
    def _is_refusing(self) -> bool:
        return self._refusals >= REFUSALS

    async def _open(self, hosts: tuple[str, ...]) -> Conversation:
        """Return a conversation with the first server that there is."""
        talk = self._probe.conversation(hosts[0])
        talk.over = Heard(Step.CONNECT, failure=Reason.DNS_ERROR, text=f"{hosts[0]} has no address now")
        for host in hosts[:SERVERS]:
            for address in (await addresses(self._rounds.asker, host) or ())[:1]:
                talk = self._probe.conversation(address)
                await talk.open(self._probe.sender)
                if not talk.over or talk.over.code:
                    return talk
        return talk

    def _left_out(self) -> Probed:
        limit = self._probe.throttle.limit(self._name)
        pace = f"{limit.messages} in {limit.window:g} s"
        words = REFUSED.format(network=self._name) if self._is_refusing else LATER.format(
            pace=pace, patience=self._probe.patience
        )  # fmt: skip
        return Probed(Reason.PROBE_BLOCKED if self._is_refusing else Reason.NOT_PROBED, diagnostic=words, asked=False)

    @property
    def _now(self) -> float:
        return self._probe.clock.seconds()
