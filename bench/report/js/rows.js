// The tables of rows: all contenders of one, order and choice.
const rows = (() => {
  const all = data.rows ?? [];
  const known = new Map(all.map((row) => [row.id, row]));
  const kinds = { ours: "ours", peer: "peer", limit: "limit: spins, no replacement", cpython: "CPython" };
  const notRun = "not run"; // there was no time for it
  const words = { faster: "good", same: "good", inconclusive: "warn", slower: "bad" };

  const named = (row, impl) => row.contenders.find((one) => one.impl === impl);
  const nearest = (row, kind) => row.contenders.filter((one) => one.kind === kind && one.ratio)
    .sort((a, b) => a.ratio.median - b.ratio.median)[0];
  // Whom the row is compared with: the best peer, or the fastest CPython.
  const rival = (row, kind) => (kind === "cpython" ? nearest(row, kind) : named(row, row.best));

  const commandOf = (row, { impl, command: place }) =>
    data.texts[place].replaceAll("{row}", row.id).replaceAll("{impl}", impl);

  // What an item costs beside time.
  const prices = ["CPU", "switches", "allocations", "memory"];
  const few = (value) => (value === 0 ? "0" : value < 0.01 ? "< 0.01" : three(value));
  const price = ({ cpu, switches, allocations, peak }) => [
    cpu === undefined ? "–" : time(cpu),
    switches ? `${few(1000 * switches[0])} + ${few(1000 * switches[1])}` : "–",
    allocations === undefined ? "–" : few(allocations),
    peak === undefined ? "–" : `${three(peak / 1024)} MiB`,
  ];

  const contender = (row, one) => {
    const cells = one.error ? [element("td", { colSpan: 3 + prices.length }, one.error === notRun ? notRun : [chip("failed", "bad"), ` ${one.error}`])] : [
      element("td", { className: "number" }, element("strong", {}, shown(one.value.median, row.unit)),
        element("div", { className: "quiet" },
          `${shown(one.value.low, row.unit)} – ${shown(one.value.high, row.unit)}`)),
      element("td", { className: "number" }, one.ratio ? element(
        "span", { className: `${words[one.ratio.verdict]}-text` }, interval(one.ratio)) : "–"),
      element("td", {}, one.ratio?.verdict ?? "–"),
      ...price(one).map((text) => element("td", { className: "number" }, text)),
    ];
    return element("tr", { className: one.kind }, element("th", { scope: "row" }, one.impl),
      element("td", { className: "quiet" }, kinds[one.kind]), ...cells,
      element("td", {}, command(commandOf(row, one))));
  };
  const contenders = (row) => {
    const head = ["contender", "kind", `${row.better === "higher" ? "rate" : "time"}, 95 % interval`,
      "ours : theirs", "verdict", ...prices, "run it again"];
    const table = scroller(`Contenders of ${row.id}`, element(
      "table", { className: "contenders" },
      element("thead", {}, element("tr", {}, head.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, row.contenders.map((one) => contender(row, one)))));
    return [table, element("p", { className: "quiet" }, "CPU and allocations are per item; switches of the processor are per 1,000 items, " +
      "by who waits + by who is made to; memory is the most that was resident of the process itself. CPU and switches are of the process and of those children " +
      "that it has waited for. Allocations are counted by full runs, in a run of their own, and CPython’s are not.")];
  };

  // The order of a table: by what its head says, the other way round at the second press.
  const order = ["failed", "slower", "inconclusive", "same", "faster"];
  const keys = {
    row: (row) => all.indexOf(row),
    lead: (row) => named(row, row.best)?.ratio?.median,
    standing: (row) => (row.standing ? order.indexOf(row.standing) : undefined),
    cpython: (row) => nearest(row, "cpython")?.ratio.median,
    noise: (row) => row.noise,
  };
  const sort = (table, head) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const one of table.tHead.rows[0].cells) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = keys[head.dataset.sort];
    const bodies = [...table.tBodies].map((body) => [key(known.get(body.dataset.row)), body]);
    // What has no value stands last, whichever way.
    const compare = ([a], [b]) => (a === undefined) - (b === undefined) || (down ? b - a : a - b) || 0;
    table.append(...bodies.sort(compare).map(([, body]) => body));
  };
  const sortable = (table) => {
    for (const head of table.querySelectorAll("[data-sort]")) {
      const button = element("button", { type: "button", className: "sort" }, head.textContent);
      button.addEventListener("click", () => sort(table, head));
      head.replaceChildren(button);
    }
    table.querySelector("[data-sort=row]").setAttribute("aria-sort", "ascending");
  };

  // The choice of rows, over all groups.
  const find = document.getElementById("find-row");
  const standing = document.getElementById("standing");
  const chosen = {
    "": () => true,
    red: (row) => row.red,
    failed: (row) => row.contenders.some(({ error }) => error && error !== notRun),
  };
  const fits = (row) => (chosen[standing.value]?.(row) ?? row.standing === standing.value) &&
    wordsOf(find.value).every((word) => `${row.id} ${row.group} ${row.text}`.toLowerCase().includes(word));
  const select = () => {
    let count = 0;
    for (const section of document.querySelectorAll("[data-section]")) {
      let here = 0;
      for (const body of section.querySelectorAll("[data-row]")) {
        body.hidden = !fits(known.get(body.dataset.row));
        here += !body.hidden;
      }
      section.hidden = !here;
      count += here;
      const closed = section.closest("details");
      if (closed && here && (find.value || standing.value)) closed.open = true;
    }
    document.getElementById("found-rows").textContent = `${count} of ${all.length} rows`;
  };
  // A link to a row shows it, whatever is looked for.
  const openTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const closed = target?.closest("details:not([open])");
    if (closed) closed.open = true;
    if (!target?.closest("[data-row]")?.hidden) return;
    find.value = standing.value = "";
    select();
    target.scrollIntoView();
  };

  const start = () => {
    if (find) {
      find.addEventListener("input", select);
      standing.addEventListener("change", select);
      addEventListener("hashchange", openTarget);
      select();
    }
    document.querySelectorAll("table.speed").forEach(sortable);
    for (const details of document.querySelectorAll("[data-contenders]")) {
      whenOpened(details, () => details.append(...contenders(known.get(details.dataset.contenders))));
    }
  };
  return { all, named, rival, start };
})();
