// What this machine said of a row before: each run a dot, with its interval.
const trends = (() => {
  const svg = (name, attributes, ...content) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...content);
    return made;
  };
  const when = (run) => run.started.slice(0, 16).replace("T", " ");

  const drawing = (runs, unit) => {
    const ends = runs.flatMap(({ value }) => value.slice(1)).map(Math.log);
    const low = Math.min(...ends);
    const span = Math.max(...ends) - low || 1;
    const width = 36 * runs.length + 24;
    const x = (number) => 30 + 36 * number;
    const y = (value) => 88 - (76 * (Math.log(value) - low)) / span;
    const label = runs.map((run) => `${when(run)}: ${shown(run.value[0], unit)}`).join("; ");
    const made = svg("svg", { viewBox: `0 0 ${width} 100`, width, height: 100, role: "img", "aria-label": label, class: "trend" });
    made.append(svg("polyline", { points: runs.map(({ value }, number) => `${x(number)},${y(value[0])}`).join(" ") }));
    runs.forEach((run, number) => {
      const [median, from, to] = run.value;
      made.append(svg("line", { x1: x(number), x2: x(number), y1: y(from), y2: y(to) }),
        svg("circle", { cx: x(number), cy: y(median), r: 4, class: run.kind },
          svg("title", {}, `${when(run)}: ${shown(median, unit)}`)));
    });
    return made;
  };

  const table = (runs, unit) => element(
    "table", { className: "narrow" },
    element("thead", {}, element("tr", {}, ["run", "commit", "tandem", "to its best peer", "noise"].map(
      (text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, runs.map((run) => element(
      "tr", {}, element("th", { scope: "row" }, `${when(run)}, ${run.kind}`), element("td", {}, run.commit),
      element("td", { className: "number" }, shown(run.value[0], unit)),
      element("td", {}, run.lead ? `${interval({ median: run.lead[0], low: run.lead[1], high: run.lead[2] })} ${run.peer}` : "–"),
      element("td", { className: "number" }, `±${three(100 * run.noise)} %`)))));

  const start = () => {
    const units = new Map(rows.all.map(({ id, unit }) => [id, unit]));
    for (const details of document.querySelectorAll("[data-trend]")) {
      const id = details.dataset.trend;
      whenOpened(details, () => details.append(scroller(`Runs of ${id}`, element(
        "div", { className: "trends" }, drawing(data.trends[id], units.get(id)),
        table(data.trends[id], units.get(id)),
        element("p", { className: "quiet" },
          "Lines are 95 % intervals, the scale is logarithmic; hollow is a quick run. " +
          "Times of one machine can be compared as far as it was as busy with other work.")))));
    }
  };
  return { start };
})();
