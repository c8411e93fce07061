// Clauses: the squares, and under each primitive the list, which is written when it is opened.
const clauses = (() => {
  const { primitives = [], texts = [], kinds = {}, targets, sanitizers, implementations, answers } = data.clauses ?? {};
  const known = new Map();  // id: what the data says of it, and its primitive
  for (const [number, primitive] of primitives.entries()) {
    primitive.clauses = primitive.clauses.map(
      ([id, status, text, facts, sources, faults, golden, onTargets, sanitized, letters, run, ms, transcript, message]) => {
        const clause = { id, status: texts[status], text, facts: texts[facts],
          sources: sources.map((one) => texts[one]), faults, golden: texts[golden], onTargets: texts[onTargets],
          sanitized: texts[sanitized], letters: texts[letters], ms, transcript, message, primitive: number,
          command: run === undefined ? null : texts[run].replaceAll("{id}", id),
          words: `${id} ${text}`.toLowerCase() };
        known.set(id, clause);
        return clause;
      });
  }

  // One stop of the tabulator for each primitive; the arrows go on from there.
  const squares = (place) => {
    const all = primitives[place.dataset.primitive].clauses.map((clause, number) => {
      const label = `${clause.id}: ${clause.status}`;
      return element("a", { href: `#${clause.id}`, className: `square ${kinds[clause.status]}`, title: label,
        "aria-label": label, tabIndex: number ? -1 : 0 });
    });
    place.append(...all);
    place.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
      if (!step) return;
      event.preventDefault();
      const from = all.indexOf(document.activeElement);
      const to = Math.min(Math.max(from + step, 0), all.length - 1);
      all[from].tabIndex = -1;
      all[to].tabIndex = 0;
      all[to].focus();
    });
  };

  // The layers beneath a clause: what it is, what it has said, and the command that asks it again.
  const layers = (clause) => {
    const { id, golden, faults, letters } = clause;
    const { name, generated } = primitives[clause.primitive];
    const module = name.split("/").at(-2);
    const lines = golden ? [["golden", golden, `python3 reference/record.py --show reference/${name}.py --case ${id}`]] : [];
    for (const [kind, tried, run] of generated) lines.push([kind, `${name}: ${texts[tried]}`, texts[run]]);
    const places = (what, columns, statuses) => statuses.split("\n").forEach((status, place) => {
      const { name: where, command: run, says, logged } = columns[place] ?? {};
      if (status) lines.push([what, [chip(status, kinds[status]), ` ${where}${golden && status === "PASS" ? ": it logged what the golden has" : ""}`,
        says[id] ? element("div", { className: "quiet" }, says[id]) : null, logged[id] ? element("pre", { "aria-label": "what it said and logged" }, logged[id]) : null],
        run.replace("{id}", id).replace("{pattern}", id.replaceAll(".", "\\.")).replace("{module}", module)]);
    });
    places("target", targets, clause.onTargets);
    places("sanitizer", sanitizers, clause.sanitized);
    if (letters) lines.push(["implementations", said(id, letters), `scripts/implementations --measure --primitive ${name}`]);
    if (faults.length) lines.push(["faults", typeof faults === "string" ? faults : `Its case notices ${faults.join(", ")}.`,
      typeof faults === "string" ? null : `scripts/faults --clause ${id}`]);
    return lines.length ? element("table", { className: "beneath" }, element("tbody", {}, lines.map(([what, text, run]) => element(
      "tr", {}, element("th", { scope: "row" }, what), element("td", {}, text), element("td", {}, run ? command(run) : null))))) : null;
  };

  // Who says what the golden says, who need not, and what the others say.
  const said = (id, letters) => {
    const those = (wanted) => implementations.filter((_, place) => wanted.includes(letters[place]));
    const parts = [["as the golden: ", those("=")], ["need not: ", those(".~")], ["otherwise: ", those("x!")]];
    return parts.filter(([, names]) => names.length).map(([words, names]) => element("div", {}, words, names.join(", "), words === "otherwise: " ?
      names.map((name) => element("pre", {}, answers[id]?.[name] ?? "")) : null));
  };

  const body = (clause) => {
    const { facts, sources, command: run, ms, transcript, message } = clause;
    return [
      element("p", { className: "quiet" }, facts),
      element("ul", { className: "sources" }, sources.map((source) => element("li", {}, source))),
      ...(run === null ? [element("p", {}, "No case has reported on it.")] : [
        message ? element("pre", { className: "message" }, message) : null,
        element("pre", { "aria-label": "transcript" }, transcript),
        element("p", {}, command(run), element("span", { className: "quiet" }, ` ${ms} ms`))]),
      layers(clause),
    ].filter(Boolean);
  };

  const written = (clause) => {
    const details = element("details", { id: clause.id, className: "clause" }, element(
      "summary", {}, chip(clause.status, kinds[clause.status]), element("code", {}, clause.id),
      element("span", { className: "text" }, clause.text)));
    whenOpened(details, () => details.append(...body(clause)));
    return details;
  };

  const find = document.getElementById("find");
  const status = document.getElementById("status");
  const fits = (clause) => (!status.value || clause.status === status.value) &&
    wordsOf(find.value).every((word) => clause.words.includes(word));
  const lists = [...document.querySelectorAll(".primitive[data-primitive]")];
  const fill = (list) => {
    list.replaceChildren(list.firstElementChild,
      ...primitives[list.dataset.primitive].clauses.filter(fits).map(written));
  };
  const select = () => {
    const asked = Boolean(find.value.trim() || status.value);
    let shown = 0;
    for (const list of lists) {
      const count = primitives[list.dataset.primitive].clauses.filter(fits).length;
      shown += count;
      list.hidden = !count;
      if (asked) list.open = Boolean(count);
      if (list.open) fill(list);
      else list.replaceChildren(list.firstElementChild);
    }
    document.getElementById("found").textContent = `${shown} of ${known.size} clauses`;
  };

  // A link to a clause opens it, whatever is looked for.
  const openTarget = () => {
    const clause = known.get(decodeURIComponent(location.hash.slice(1)));
    if (!clause) return;
    if (!fits(clause)) {
      find.value = status.value = "";
      select();
    }
    const list = lists[clause.primitive];
    list.open = true;
    if (list.childElementCount < 2) fill(list);
    const target = document.getElementById(clause.id);
    target.open = true;
    target.scrollIntoView();
    target.firstElementChild.focus({ preventScroll: true });
  };

  const start = () => {
    document.querySelectorAll(".squares").forEach(squares);
    for (const list of lists) {
      list.addEventListener("toggle", () => { if (list.open && list.childElementCount < 2) fill(list); });
    }
    find.addEventListener("input", select);
    status.addEventListener("change", select);
    addEventListener("hashchange", openTarget);
    select();
    openTarget();
  };
  const all = [...known.values()];
  return { all, start };
})();
