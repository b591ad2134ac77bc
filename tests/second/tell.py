"""What follows from an agency's log, as JSON: what a node may say of it."""

from __future__ import annotations

from . import documents as docs
from .checkpoints import Checkpoint
from .heartbeats import Heartbeat, fresh_before, newest_counted, unknown_because
from .log import AgencyLog

ENDED = {None: None, 0: "retired", 1: "compromised"}


def hexes(names) -> list[str]:
    return [name.hex() for name in names]


def tell_key_log(log: AgencyLog) -> dict:
    keys = log.keys
    return {
        "last": keys.last.hex(),
        "entries": len(keys.entries),
        "dispute": hexes(keys.dispute),
        "writers": {
            key.hex(): {
                "ended": ENDED[writer.ended],
                "terms": [
                    {"scope": None if term.scope[0] == 0 else term.scope[1][0],
                     "last": None if term.last is None else hexes(term.last)}
                    for term in writer.terms
                ],
            }
            for key, writer in sorted(keys.state.writers.items())
        },
        "badge_keys": {key.hex(): ENDED[ended] for key, ended in sorted(keys.state.badge_keys.items())},
    }


def tell_freshness(log: AgencyLog, heartbeats: list[Heartbeat], rows: docs.Rows, now: int) -> dict:
    newest = newest_counted(log, heartbeats, now)
    unknown = unknown_because(log)
    writers = {}
    for heartbeat in sorted(heartbeats, key=lambda it: it.issued):
        writers.setdefault(heartbeat.writer.hex(), []).append({
            "issued": heartbeat.issued, "next_by": heartbeat.next_by, "good_before": heartbeat.good_before,
            "heads": hexes(heartbeat.heads), "counts": newest.get(heartbeat.writer) == heartbeat,
        })
    silent = [
        key.hex() for key, writer in sorted(log.keys.state.writers.items())
        if writer.ended is None and key not in newest
    ]
    return {
        "before": None if unknown else fresh_before(log, newest),
        "documents": {
            document: None if unknown else fresh_before(log, newest, document) for document in sorted(rows)
        },
        "unknown_because": unknown,
        "silent_writers": silent,
        "heartbeats": writers,
    }


def tell_trust_list(rows: dict[str, list[bytes]], agency: str, waits: set[tuple[str, str]]) -> dict:
    issuers, standings, recognitions, followed, withdrawals = {}, {}, {}, {}, {}
    for key in sorted(rows):
        sort, _, rest = key.partition("/")
        if sort == "i":
            issuer = docs.fold_issuer(rows[key], agency)
            if issuer is not None:
                issuers[issuer["id"]] = issuer
        elif sort == "e":
            standing = docs.fold_standing(rows[key])
            standings[standing["issuer"]] = standing
        elif sort == "w":
            withdrawals[rest] = docs.fold_withdrawal(rows[key])
        elif sort in ("g", "a"):
            fold = docs.fold_recognition if sort == "g" else docs.fold_recognized_agency
            into = recognitions if sort == "g" else followed
            into[rest] = {"says": fold(rows[key]), "waits": ("trust-list", key) in waits}
    for it in (recognitions, followed):
        for identifier, recognition in it.items():
            recognition["withdrawn"] = withdrawals.get(identifier)
    return {
        "issuers": issuers, "standings": standings, "recognitions": recognitions, "recognized_agencies": followed,
        "withdrawals": withdrawals,
    }


def rows_beside(log: AgencyLog, checkpoints: list[tuple[Checkpoint, list[bytes]]]) -> tuple[docs.Rows, bool]:
    """The rows, and if they rest on a checkpoint whose history is not all here.

    What newer envelopes, which wait for that history, revoke and suspend counts at once.
    """
    rows = log.rows()
    for checkpoint, pages in checkpoints:
        if all(head in log.index for head in checkpoint.heads):
            continue
        named = dict(zip(checkpoint.pages, pages))
        based = checkpoint.rows(named)
        for envelope in log.waiting.values():
            for put in envelope.puts:
                if put.value is None or not docs.takes_away(put.document, put.key, put.value):
                    continue
                row = based.setdefault(put.document, {}).setdefault(put.key, [])
                if put.value not in row:
                    row.append(put.value)
                    row.sort()
        return docs.expunge(based), True
    return rows, False


def tell_agency(
    log: AgencyLog, heartbeats: list[Heartbeat], rows: docs.Rows, from_checkpoint: bool, now: int
) -> dict:
    """All that is told of one agency."""
    state = log.keys.state
    waits = log.grants_that_wait()
    lists = {docs.list_number(document): keys for document, keys in rows.items() if docs.list_number(document) is not None}
    return {
        "genesis": log.keys.genesis.hex(), "agency": state.agency, "title": state.title, "url": state.url,
        "key_log": tell_key_log(log),
        "envelopes": {
            "kept": len(log.kept),
            "waiting": hexes(sorted(log.waiting)),
            "refused": {name.hex(): why for name, why in sorted(log.refused.items())},
            "missing_cuts": hexes(log.missing_cuts()),
            "missing_values": hexes(sorted(log.missing_values())),
        },
        "heads": hexes(log.heads),
        "forks": [
            {"writer": writer.hex(), "number": number, "envelopes": hexes(names)} for writer, number, names in log.forks()
        ],
        "freshness": tell_freshness(log, heartbeats, rows, now),
        "from_checkpoint": from_checkpoint,
        "status_lists": {str(number): docs.fold_status_list(lists[number]) for number in sorted(lists)},
        **tell_trust_list(rows.get("trust-list", {}), state.agency, set(waits)),
        "policy": {key: len(values) for key, values in sorted(rows.get("policy", {}).items())},
        "grants_that_wait": [list(place) for place in waits],
    }
