"""The reader's question: which pool, queue and IPC should I use on this machine, and how far is tandem ahead?"""
import math

from markup import chip, render, scroller, tag
from speed import fastest_cpython, named, ours_of, show

# What one is looking for, how a sentence names it, and the groups of rows that say it; the first three are the question.
USES = (("Which pool of threads?", "pool", ("ThreadPoolExecutor",)),
        ("Which queue between threads?", "queue",
         ("Queue(maxsize=1024)", "Queue, no bound", "SimpleQueue", "PriorityQueue")),
        ("Which IPC?", "IPC", ("multiprocessing.Connection", "multiprocessing.Queue(maxsize=1024)")),
        ("Which pool of processes?", "pool of processes", ("multiprocessing.Pool", "ProcessPoolExecutor")),
        ("What to start children with?", "children", ("subprocess",)),
        ("Which coroutines?", "coroutines", ("asyncio",)),
        ("What to start threads and processes with?", "starting", ("Starting",)),
        ("Which locks?", "locks", ("Locks", "Wake-ups", "Barrier")))
ASKED = {name for _, name, _ in USES[:3]}
OURS, NOBODY = "tandem", "nobody"


def mean(ratios):
    """The geometric one, which is the same whichever way the ratios are turned."""
    ratios = list(ratios)
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


class Choice:
    """Of one use: what is fastest over its rows, and by how much."""

    def __init__(self, question, name, rows):
        self.question, self.name = question, name
        self.rows = [row for row in rows if ours_of(row)]
        self.broken = [row["id"] for row in rows if show.failure(row["contenders"])]
        self.leads = {row["id"]: named(row, row["best_peer"]) for row in self.rows if row["best_peer"]}
        self.lead = mean(best["ratio"]["median"] for best in self.leads.values())
        self.ahead = sum(best["ratio"]["median"] >= 1 for best in self.leads.values())
        self.cpython = mean(python["ratio"]["median"] for python in map(fastest_cpython, self.rows) if python)
        self.rival, self.over_rival = self._rival()

    def _rival(self):
        """The peer that is nearest over the rows that it runs; one that runs few of them is no choice."""
        ratios = {}
        for row in self.rows:
            for one in row["contenders"]:
                if one["kind"] == "peer" and "ratio" in one:
                    ratios.setdefault(one["impl"], []).append(one["ratio"]["median"])
        eligible = {impl: mean(found) for impl, found in ratios.items() if 2 * len(found) >= len(self.leads)}
        impl = min(eligible, key=eligible.get, default=None)
        return impl, eligible.get(impl)

    @property
    def chosen(self):
        if self.broken:  # however fast it is in the other rows
            return self.rival or NOBODY
        if not self.rows:
            return None
        return OURS if self.over_rival is None or self.over_rival >= 1 else self.rival

    def behind(self):
        """[(id, peer, how many times as fast as ours, whether that is sure)], the farthest first."""
        found = [(name, best["impl"], 1 / best["ratio"]["median"], best["ratio"]["verdict"] == "slower")
                 for name, best in self.leads.items() if best["ratio"]["median"] < 1]
        return sorted(found, key=lambda one: -one[2])


def choices(result):
    rows = [row for row in result["rows"] if not row.get("part")] if result else []
    found = [Choice(question, name, [row for row in rows if row["group"] in groups])
             for question, name, groups in USES]
    return [one for one in found if one.chosen]


def _listed(words):
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def sentence(found):
    """The answer to the question, as far as it was measured."""
    told = [one for one in found if one.name in ASKED] or found
    if not told:
        return None
    if all(one.chosen == OURS for one in told):
        leads = [tag("b", show.ratio(one.lead)) for one in told if one.lead]
        text = f"On this machine, use tandem as {_listed([_article(one.name) for one in told])}"
        if not leads:
            return text + "."
        joined = [[lead, "" if lead is leads[-1] else " and " if lead is leads[-2] else ", "] for lead in leads]
        return render([f"{text}: ", joined, " the best peer."])
    return render(["On this machine: ", [[one.name, " ", tag("b", one.chosen), "." if one is told[-1] else ", "]
                                         for one in told]])


def _article(name):
    return {"pool": "the pool", "queue": "the queue", "IPC": "the IPC"}.get(name, name)


def _span(one):
    """The leads of the rows on a line, on a logarithmic scale from a third to a hundred times."""
    def at(ratio):
        return f"{100 * min(1, max(0, (math.log(ratio) - LOW) / (HIGH - LOW))):.1f}%"

    ratios = sorted(best["ratio"]["median"] for best in one.leads.values())
    words = f"leads from {show.ratio(ratios[0])} to {show.ratio(ratios[-1])}, one dot for each row; the line is 1 ×"
    dots = [tag("i", "", style=f"left: {at(ratio)}", class_="behind" if ratio < 1 else None) for ratio in ratios]
    return tag("span", tag("s", "", style=f"left: {at(1)}"), dots, class_="span", role="img", aria_label=words,
               title=words)


LOW, HIGH = math.log(1 / 3), math.log(100)


def _broken(one):
    """Where tandem itself fails, which counts more than any speed."""
    links = [[tag("a", name, href=f"#row-{name}"), "" if name is one.broken[-1] else ", "] for name in one.broken]
    return tag("p", chip("failed", "bad"), " tandem in ", links) if links else None


def _exceptions(one):
    found = one.behind()
    if not found:
        return tag("p", f"Ahead in all {len(one.leads)} rows.", class_="quiet") if one.leads and not one.broken else None
    lines = [tag("li", tag("a", name, href=f"#row-{name}"), f" {impl} {show.ratio(times)}",
                 None if sure else chip("not sure", "warn")) for name, impl, times, sure in found]
    return [tag("p", f"Ahead in {one.ahead} of {len(one.leads)} rows; a peer is in:", class_="quiet"),
            tag("ul", lines, class_="behind")]


def _card(one):
    facts, lead = [], one.lead if not one.broken else None
    if one.rival and one.over_rival and not one.broken:
        other = one.rival if one.chosen == OURS else OURS
        times = one.over_rival if one.chosen == OURS else 1 / one.over_rival
        facts.append(tag("li", tag("b", show.ratio(times)), f" the speed of {other}, the next best"))
    if one.cpython and not one.broken:
        facts.append(tag("li", tag("b", show.ratio(one.cpython)), " the speed of CPython" if one.chosen == OURS
                         else " of tandem over CPython"))
    return tag("article", tag("h2", one.question), tag("p", one.chosen, class_="answer"),
               tag("p", tag("b", show.ratio(lead)), " the best peer of each row, in the mean of "
                   f"{len(one.leads)} rows" if one.chosen == OURS else " is tandem's speed to the best peer of each row")
               if lead else None,
               _broken(one), _span(one) if one.leads else None, tag("ul", facts, class_="plain"), _exceptions(one), class_="choice-card")


HEADS = (("and", None), ("use", None), ("to the best peers", "number"), ("ahead in", "number"),
         ("the peer that is nearest", None), ("to CPython", "number"))


def _other(one):
    rows = len(one.leads)
    cells = ([tag("b", one.chosen), _broken(one)], show.ratio(one.lead) if one.lead else "no peer", f"{one.ahead} of {rows}" if rows else "–",
             f"{one.rival}, {show.ratio(one.over_rival)} behind" if one.rival and one.over_rival >= 1
             else f"{one.rival}, {show.ratio(1 / one.over_rival)} ahead" if one.rival else "–",
             show.ratio(one.cpython) if one.cpython else "–")
    return tag("tr", tag("th", one.question, scope="row"),
               [tag("td", content, class_=kind, data_label=name) for content, (name, kind) in zip(cells, HEADS[1:])])


def block(found):
    """The answers, the three that were asked for first."""
    if not found:
        return None
    cards = [_card(one) for one in found if one.name in ASKED]
    others = [_other(one) for one in found if one.name not in ASKED]
    head = [tag("th", text, scope="col", class_=kind) for text, kind in HEADS]
    return [tag("div", cards, class_="choices") if cards else None,
            scroller("What to use on this machine", tag("table", tag("thead", tag("tr", head)), tag("tbody", others), class_="stack"))
            if others else None]
