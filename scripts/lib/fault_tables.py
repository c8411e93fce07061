"""What the faults have shown: for people, and for conformance/results/."""

import json
import os

import evidence
import fault_files
from fault_runs import KILLED


class Table:
    """Clause -> case -> faults that it killed."""

    def __init__(self, root, module, faults, results):
        self.module, self.killed, self.survived, self.missing = module, {}, [], []
        self.reasons = fault_files.unkillable(root)
        self.clauses = {id: (primitive, clause) for id, (primitive, clause) in fault_files.clauses(root).items()
                        if evidence.module_of(primitive) == module}
        for fault in faults:
            for id in fault.clauses:
                if id in self.clauses:
                    self._sort(fault, id, results.get((fault.id, id)))

    def _sort(self, fault, id, record):
        if record is None:
            self.missing.append((fault.id, id))
        elif record["status"] in KILLED:
            self.killed.setdefault(id, {})[fault.id] = record["status"]
        else:
            self.survived.append((fault.id, id))

    def musts(self):
        return [id for id, (_, clause) in self.clauses.items() if clause["level"] == "MUST"]

    def unverified(self):
        return [id for id in self.musts() if id not in self.killed and id not in self.reasons]

    def lines(self):
        """Each clause with the faults that its case killed."""
        for id, (_, clause) in self.clauses.items():
            faults = self.killed.get(id, {})
            if faults:
                yield "%-52s %s" % (id, ", ".join(name + ("" if how == "FAIL" else " (%s)" % how)
                                                  for name, how in sorted(faults.items())))
            elif id in self.reasons:
                yield "%-52s no fault: %s" % (id, self.reasons[id])
            elif clause["level"] == "MUST":
                yield "%-52s UNVERIFIED" % id

    def summary(self):
        faults = {fault for killed in self.killed.values() for fault in killed}
        hows = [how for killed in self.killed.values() for how in killed.values()]
        musts = self.musts()
        yield "%s: %d faults killed by the cases of %d clauses (%s)" % (
            self.module, len(faults), len(self.killed), ", ".join("%d %s" % (hows.count(how), how) for how in KILLED))
        yield "%s: of %d MUSTs %d verified, %d with a reason why not, %d unverified" % (
            self.module, len(musts), len([id for id in musts if id in self.killed]),
            len([id for id in musts if id in self.reasons]), len(self.unverified()))
        for id in self.unverified():
            yield "  unverified  " + id
        for fault, id in self.survived:
            yield "  survived    %s in the case of %s" % (fault, id)

    def publish(self, root, commit):
        """conformance/results/faults-<module>.json: a line for each clause, so that a change is easy to read."""
        reasons = {id: why for id, why in self.reasons.items() if id in self.clauses}
        parts = [("module", json.dumps(self.module)), ("commit", json.dumps(commit)),
                 ("musts", len(self.musts())), ("unverified", json.dumps(self.unverified())),
                 ("survived", json.dumps(self.survived)),
                 ("unkillable", _lines(reasons)),
                 ("killed", _lines({id: self.killed[id] for id in sorted(self.killed)}))]
        path = os.path.join(root, "conformance", "results", "faults-%s.json" % self.module)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write("{\n%s\n}\n" % ",\n".join(' "%s": %s' % part for part in parts))
        return path


def _lines(table):
    if not table:
        return "{}"
    return "{\n%s\n }" % ",\n".join("  %s: %s" % (json.dumps(key), json.dumps(value)) for key, value in table.items())
