"""An agency's log: which envelopes are kept, which puts are void, and the rows that follow."""

from __future__ import annotations

from dataclasses import dataclass, field

from .documents import Rows, breaks_a_rule, expunge, is_grant, is_known, is_restriction, list_number, restricts_beyond
from .envelopes import Envelope
from .key_log import RETIRED, KeyLog, KeyLogState, Writer, scope_holds
from .statements import Refused


@dataclass
class Surviving:
    """A put that survives."""

    index: int
    value: bytes | None


@dataclass
class AgencyLog:
    """The kept envelopes of one agency. Sets of envelopes are integers: bit n is the n-th that was kept."""

    keys: KeyLog
    kept: list[Envelope] = field(default_factory=list)
    index: dict[bytes, int] = field(default_factory=dict)
    ancestors: list[int] = field(default_factory=list)
    # of each envelope, the highest number of each writer among it and its ancestors
    reach: list[dict[bytes, int]] = field(default_factory=list)
    waiting: dict[bytes, Envelope] = field(default_factory=dict)
    # why envelopes are neither kept nor wait
    refused: dict[bytes, str] = field(default_factory=dict)
    by_writer: dict[bytes, list[int]] = field(default_factory=dict)

    def take(self, envelopes: list[Envelope]) -> None:
        """Keeps what can be kept, in any order."""
        for envelope in envelopes:
            known = envelope.name in self.index
            if known:
                self._fill(envelope)
            else:
                before = self.waiting.get(envelope.name)
                if before is None or envelope.is_whole:
                    self.waiting[envelope.name] = envelope
        children: dict[bytes, list[bytes]] = {}
        for envelope in self.waiting.values():
            for parent in envelope.header.parents:
                children.setdefault(parent, []).append(envelope.name)
        due = list(self.waiting)
        while due:
            later = []
            for name in due:
                envelope = self.waiting.get(name)
                if envelope is not None and self._keep(envelope):
                    later.extend(children.get(name, []))
            due = later

    def _fill(self, envelope: Envelope) -> None:
        """Values that were missing, and are known now."""
        at = self.index[envelope.name]
        if not self.kept[at].is_whole and envelope.is_whole:
            self.kept[at] = envelope

    def _keep(self, envelope: Envelope) -> bool:
        header = envelope.header
        if any(parent not in self.index for parent in header.parents) or header.entry not in self.keys.states:
            return False
        del self.waiting[envelope.name]
        try:
            if header.agency != self.keys.genesis:
                raise Refused("an envelope of another agency")
            if not self.keys.names_writer(header.entry, header.writer):
                raise Refused("the key log names no such writer")
            mask, reach = 0, {}
            for parent in header.parents:
                at = self.index[parent]
                mask |= self.ancestors[at] | (1 << at)
                for writer, number in self.reach[at].items():
                    reach[writer] = max(number, reach.get(writer, -1))
            if header.number != reach.get(header.writer, -1) + 1:
                raise Refused(f"the number {header.number} is not one more than the highest among its ancestors")
        except Refused as error:
            self.refused[envelope.name] = str(error)
            return False
        at = len(self.kept)
        self.index[envelope.name] = at
        self.kept.append(envelope)
        self.ancestors.append(mask)
        self.reach.append({**reach, header.writer: header.number})
        self.by_writer.setdefault(header.writer, []).append(at)
        return True

    @property
    def heads(self) -> list[bytes]:
        covered = 0
        for mask in self.ancestors:
            covered |= mask
        return sorted(self.kept[at].name for at in range(len(self.kept)) if not covered >> at & 1)

    def behind(self, names) -> int:
        """The envelopes with these names and all before them."""
        mask = 0
        for name in names:
            at = self.index[name]
            mask |= self.ancestors[at] | (1 << at)
        return mask

    def forks(self) -> list[tuple[bytes, int, list[bytes]]]:
        """Writer, number, and the names of the different headers that share them."""
        found = []
        for writer, own in self.by_writer.items():
            numbers: dict[int, list[bytes]] = {}
            for at in own:
                numbers.setdefault(self.kept[at].header.number, []).append(self.kept[at].name)
            found += [(writer, number, sorted(names)) for number, names in numbers.items() if len(names) > 1]
        return sorted(found)

    def missing_cuts(self) -> list[bytes]:
        """Last envelopes of terms that are not kept here."""
        terms = [term for writer in self.keys.state.writers.values() for term in writer.terms]
        return sorted({name for term in terms for name in term.last or () if name not in self.index})

    def waiting_grants(self) -> int:
        """The envelopes whose grants do not count for now."""
        if self.keys.dispute:
            return (1 << len(self.kept)) - 1
        waits = 0
        # of two envelopes of one writer, neither before the other, two have one number: their lines begin at it
        for own in [self.by_writer[writer] for writer in {writer for writer, _, _ in self.forks()}]:
            everything = sum(1 << at for at in own)
            for at in own:
                after = sum(1 << other for other in own if self.ancestors[other] >> at & 1)
                for other in _bits(everything & ~(self.ancestors[at] | after | (1 << at))):
                    both = (1 << at) | (1 << other)
                    if not any(mask & both == both for mask in self.ancestors):
                        waits |= both
        return waits

    def surviving(self, within: int | None = None) -> dict[tuple[str, str], list[Surviving]]:
        """The surviving puts of each place; `within`: as if only these envelopes were kept."""
        state, histories = self.keys.state, self.keys.histories() if self.keys.dispute else []
        places: dict[tuple[str, str], list[Surviving]] = {}
        cuts = _Cuts(self)
        explained = self.explained(cuts, within)
        for at, envelope in enumerate(self.kept):
            if within is not None and not within >> at & 1:
                continue
            before = self.ancestors[at]
            writer = envelope.header.writer
            scope = cuts.scope_of(at, writer, state)
            for put in envelope.puts:
                lets = scope is not None and scope_holds(scope, put.document)
                if histories and is_restriction(put.document, put.key):
                    # two histories of the root: a revocation counts if any of them lets its writer write it
                    scopes = [cuts.scope_of(at, writer, history) for history in histories]
                    lets = any(scope_holds(it, put.document) for it in scopes if it is not None)
                if not lets and restricts_beyond(put.document, put.key, put.value):
                    # a key that was retired is done with, not distrusted: what it took away stays taken
                    states = histories if histories and is_restriction(put.document, put.key) else [state]
                    scopes = [_scope_beyond(it.writers.get(writer)) for it in states]
                    lets = any(scope_holds(it, put.document) for it in scopes if it is not None)
                if not lets:
                    continue
                if put.value is None and (put.document, put.key[2:]) not in explained:
                    # what nobody explains says nothing
                    continue
                if put.value is not None and breaks_a_rule(put.document, put.key, put.value):
                    continue
                found = places.setdefault((put.document, put.key), [])
                write_once = list_number(put.document) is not None and put.key.startswith("r/")
                if write_once:
                    # nothing here is ever overwritten, so what survives is all that was put
                    if any(before >> it.index & 1 for it in found):
                        continue
                    found.append(Surviving(at, put.value))
                else:
                    found[:] = [it for it in found if not before >> it.index & 1]
                    found.append(Surviving(at, put.value))
        return places

    def explained(self, cuts: "_Cuts | None" = None, within: int | None = None) -> set[tuple[str, str]]:
        """The slots, by document, that a tombstone hides which counts: a value that is missing there is no riddle."""
        cuts, state = cuts or _Cuts(self), self.keys.state
        found = set()
        for at, envelope in enumerate(self.kept):
            if within is not None and not within >> at & 1:
                continue
            for put in envelope.puts:
                if list_number(put.document) is None or not put.key.startswith("x/"):
                    continue
                scope = cuts.scope_of(at, envelope.header.writer, state)
                counts = scope is not None and scope_holds(scope, put.document)
                if counts and not breaks_a_rule(put.document, put.key, put.value):
                    found.add((put.document, put.key[2:]))
        return found

    def rows(self, within: int | None = None) -> Rows:
        """The rows of all documents: the surviving values of each place, sorted, each once."""
        rows: Rows = {}
        for (document, key), found in self.surviving(within).items():
            if not is_known(document):
                # stored and passed on, not folded
                continue
            values = {it.value for it in found}
            row = sorted((value for value in values if value is not None))
            rows.setdefault(document, {})[key] = row + ([None] if None in values else [])
        return expunge(rows)

    def missing_values(self) -> list[bytes]:
        """Envelopes that lack a value whose slot has no tombstone."""
        tombstones = self.explained()
        return [
            envelope.name
            for envelope in self.kept
            if any(put.value is None and (put.document, put.key[2:]) not in tombstones for put in envelope.puts)
        ]

    def grants_that_wait(self) -> list[tuple[str, str]]:
        """The places of grants that do not count for now."""
        waits = self.waiting_grants()
        if not waits:
            return []
        return sorted(
            place for place, found in self.surviving().items()
            if is_grant(*place) and any(waits >> it.index & 1 for it in found)
        )


class _Cuts:
    """The terms of each state's writers, with what lies behind their ends worked out once."""

    def __init__(self, log: AgencyLog):
        self.log = log
        self.known: dict[tuple[int, bytes], list[tuple[list, int | None]]] = {}

    def scope_of(self, at: int, writer: bytes, state: KeyLogState) -> list | None:
        place = (id(state), writer)
        terms = self.known.get(place)
        if terms is None:
            terms = self.known[place] = [self._term(term) for term in _terms(state.writers.get(writer))]
        for scope, behind in terms:
            if behind is None or behind >> at & 1:
                return scope
        return None

    def _term(self, term) -> tuple[list, int | None]:
        if term.last is None or any(name not in self.log.index for name in term.last):
            return term.scope, None
        return term.scope, self.log.behind(term.last)


def _scope_beyond(writer: Writer | None) -> list | None:
    """The scope by which what a retired key restricts counts beyond its terms."""
    if writer is None or writer.ended != RETIRED:
        return None
    return writer.terms[-1].scope


def _terms(writer: Writer | None):
    return writer.terms if writer is not None else ()


def _bits(mask: int):
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
