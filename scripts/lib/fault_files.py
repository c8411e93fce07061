"""Seeded faults as data: conformance/faults/<module>/<primitive>.toml, and what has to hold of them."""

import dataclasses
import os

import evidence

ROOM = "conformance/faults"
KINDS = ("statement", "expression", "written", "lines")
ON = "FAULT"  # in a replacement that is written: whether the fault is chosen
FAULT = {"id": str, "file": str, "text": str, "replacement": str, "clauses": list}
FAULT_MAY = {"kind": str, "note": str}
UNKILLABLE = {"clause": str, "why": str}


@dataclasses.dataclass(frozen=True)
class Fault:
    id: str
    file: str
    text: str
    replacement: str
    kind: str
    clauses: tuple
    primitive: str
    at: int = -1  # where the text stands; -1: it stands there once

    def what_is_run(self):
        """All that decides what the mutant does."""
        return [self.id, self.file, self.text, self.replacement, self.kind]


def kind_of(entry):
    """As said, or else: what ends as a statement does is one."""
    return entry.get("kind") or ("statement" if entry["text"].rstrip().endswith((";", "}")) else "expression")


def parsed(root):
    """{primitive: parsed TOML}"""
    return evidence.specs(root, ROOM)


def load(root):
    """The faults, in order. Only when there are no complaints()."""
    return [Fault(entry["id"], entry["file"], entry["text"], entry["replacement"], kind_of(entry),
                  tuple(entry["clauses"]), primitive)
            for primitive, room in parsed(root).items() for entry in room.get("fault", [])]


def unkillable(root):
    """{clause: why}"""
    return {entry["clause"]: entry["why"] for room in parsed(root).values() for entry in room.get("unkillable", [])}


def clauses(root):
    """{id: (primitive, clause)} in the order of the spec files."""
    return {clause["id"]: (primitive, clause) for primitive, spec in evidence.specs(root).items()
            for clause in spec.get("clause", [])}


def modules(root):
    return sorted({evidence.module_of(primitive) for primitive in evidence.specs(root)})


def _fields(entry, must, may):
    for name, type_ in must.items():
        if not isinstance(entry.get(name), type_) or (name != "replacement" and not entry[name]):
            yield "no %s" % name
    for name, value in entry.items():
        if name not in must and name not in may:
            yield "unknown field %s" % name
        elif not isinstance(value, {**must, **may}[name]):
            yield "%s is of a wrong kind" % name


def _text(root, entry):
    path = os.path.join(root, *entry["file"].split("/"))
    if not entry["file"].startswith("impl/") or not os.path.isfile(path):
        yield "no such file of impl: %s" % entry["file"]
        return
    count = evidence.read(path).count(entry["text"])
    if count != 1:
        yield "its text stands %d times in %s, not once" % (count, entry["file"])


def _fault(root, entry, known):
    wrong = list(_fields(entry, FAULT, FAULT_MAY))
    yield from wrong
    if wrong:
        return
    yield from _text(root, entry)
    if entry["text"] == entry["replacement"]:
        yield "it changes nothing"
    if kind_of(entry) not in KINDS:
        yield "kind is %r, not one of %s" % (entry["kind"], ", ".join(KINDS))
    if (kind_of(entry) == "written") != (ON in entry["replacement"]):
        yield "%s in the replacement is for what is written, and for nothing else" % ON
    for id in entry["clauses"]:
        if id not in known:
            yield "no such clause: %s" % id


def _room(root, primitive, room, known, ids):
    for name in set(room) - {"fault", "unkillable"}:
        yield "unknown table %s" % name
    for entry in room.get("fault", []):
        id = entry.get("id", "?")
        for complaint in _fault(root, entry, known):
            yield "fault %s: %s" % (id, complaint)
        if id in ids:
            yield "fault %s: the id is used already, in %s" % (id, ids[id])
        ids.setdefault(id, primitive)
    for entry in room.get("unkillable", []):
        for complaint in _fields(entry, UNKILLABLE, {}):
            yield "unkillable %s: %s" % (entry.get("clause", "?"), complaint)
        if entry.get("clause") not in known:
            yield "unkillable: no such clause: %s" % entry.get("clause")


def complaints(root):
    """What is wrong: each a line of text."""
    known, ids, specs = clauses(root), {}, evidence.specs(root)
    for primitive, room in parsed(root).items():
        where = "%s/%s.toml" % (ROOM, primitive)
        if primitive not in specs:
            yield where + ": there is no such primitive in spec/"
        for complaint in _room(root, primitive, room, known, ids):
            yield "%s: %s" % (where, complaint)


def unanswered(root):
    """Each MUST with neither a fault nor a reason why it has none; and each clause with both."""
    rooms, reasons = parsed(root), unkillable(root)
    named = {id for room in rooms.values() for entry in room.get("fault", []) for id in entry.get("clauses", [])}
    for id, (_, clause) in clauses(root).items():
        if id in named and id in reasons:
            yield "%s: has a fault, and a reason why it has none" % id
        if clause["level"] == "MUST" and id not in named and id not in reasons:
            yield "%s: a MUST without a fault" % id
