"""The values of the document `policy`: the arrays of registry-schema, with their limits."""

from __future__ import annotations

import re

from .shapes import TEXT, TIME, U32, ShapeError, array, integer, optional, record, variants

ID = re.compile(r"[a-z0-9-]{1,64}\Z")


def words(most: int):
    """A text of 1 to so many characters, without the white space around it."""

    def check(value):
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= most:
            raise ShapeError(f"{value!r} is no text of 1 to {most} characters")
        return value

    return check


def identifier(value):
    if not isinstance(value, str) or not ID.match(value):
        raise ShapeError(f"{value!r} is no id")
    return value


def amount(value):
    """From 0 to 100,000 with at most two digits after the point, in ten-thousandths."""
    if type(value) is not int or not 0 <= value <= 1_000_000_000 or value % 100:
        raise ShapeError(f"{value!r} is no amount")
    return value


def percentage(value):
    if amount(value) > 1_000_000:
        raise ShapeError(f"{value!r} is no percentage")
    return value


def texts(most: int):
    return array(words(500), most=most)


def _purposes(value):
    purposes = array(integer(0, 8), least=1)(value)
    if len(set(purposes)) != len(purposes):
        raise ShapeError("a purpose is named twice")
    return purposes


def _ordered(fields: list, at: int) -> None:
    start, end = fields[at], fields[at + 1]
    if start is not None and end is not None and end < start:
        raise ShapeError("a term ends before it begins")


APPLIES_TO = record(texts(200), texts(200), texts(200), array(identifier, most=20))
KINDS = array(integer(0, 4), least=1)
NOTHING = record()
CONDITION = variants({
    0: record(amount), 1: record(percentage), 2: NOTHING, 3: record(integer(1, 100)), 4: record(integer(1, 36_500)),
    5: NOTHING, 6: record(identifier), 7: NOTHING, 8: record(KINDS), 9: record(KINDS),
    10: record(array(TEXT, least=1, most=100)), 11: record(words(100)), 12: record(words(100)), 13: record(words(100)),
    14: record(words(100)), 15: NOTHING,
})
CONDITIONS = array(CONDITION, most=16)
ABOUT = record(words(200), optional(TEXT), words(4_000), optional(words(200)))
RULE = (identifier, words(1_000), words(500), _purposes, APPLIES_TO, optional(TIME), optional(TIME))
ACCEPTANCE = record(*RULE, CONDITIONS, array(array(CONDITION, least=1, most=16), most=8))
RATES = record(optional(amount), optional(amount), optional(amount), optional(amount))
PART = record(words(100), U32)
SET = record(integer(1, 1_000), array(PART, most=16), optional(integer(1, 100)), texts(16), words(500))
COUNTS = variants({
    0: NOTHING, 1: record(RATES), 2: record(array(SET, least=1, most=8)), 3: record(words(500)),
})
WINDOW = variants({0: NOTHING, 1: NOTHING, 2: record(U32)})
LIMIT = record(optional(amount), optional(U32), WINDOW)
WORTH = record(
    *RULE, words(40), COUNTS, CONDITIONS, array(LIMIT, most=8), optional(words(200)), optional(words(500))
)
REQUIREMENT = record(
    identifier, words(1_000), words(500), integer(0, 8), optional(words(200)), optional(TIME), optional(TIME), words(40),
    amount, optional(U32), array(record(words(100), amount), most=16),
)
CRITERION = record(identifier, words(1_000), words(500), optional(texts(200)))
COLLECTION = record(identifier, words(1_000), texts(200), texts(200))
KINDS_OF_ENTRIES = {
    "acceptance": ACCEPTANCE, "worth": WORTH, "requirement": REQUIREMENT, "criterion": CRITERION,
    "collection": COLLECTION,
}


class Policy:
    """The check of a put."""

    @staticmethod
    def is_key(key: str) -> bool:
        kind, _, rest = key.partition("/")
        return key == "about" or (kind in KINDS_OF_ENTRIES and bool(ID.match(rest)))

    def __call__(self, key: str, value) -> None:
        if not self.is_key(key):
            raise ShapeError(f"`{key}` is no key of a policy")
        kind, _, rest = key.partition("/")
        if kind == "about":
            ABOUT(value)
            return
        fields = KINDS_OF_ENTRIES[kind](value)
        if fields[0] != rest:
            raise ShapeError("key and id differ")
        if kind in ("acceptance", "worth", "requirement"):
            _ordered(fields, 5)
        if kind == "acceptance" and not fields[7] and not fields[8]:
            raise ShapeError("a rule that demands nothing")
        if kind == "criterion" and fields[3] == []:
            raise ShapeError("an empty list is left out")
        if kind == "worth":
            _worth(fields)


def _worth(fields: list) -> None:
    sort, content = fields[8]
    if sort == 1 and all(rate is None for rate in content[0]):
        raise ShapeError("no rate is given")
    if sort == 2 and any(sum(part[1] for part in it[1]) > it[0] for it in content[0]):
        raise ShapeError("the parts of a set need more than the set")
    if any(limit[0] is None and limit[1] is None for limit in fields[10]):
        raise ShapeError("a limit that limits nothing")


POLICY = Policy()
