// The tables of rows: all contenders of one, order and choice.
const rows = (() => {
  const all = data.rows ?? [];
  const known = new Map(all.map((row) => [row.id, row]));
  const kinds = { ours: "ours", peer: "peer", limit: "limit: spins, no replacement", cpython: "CPython" };
  const words = { faster: "good", same: "good", inconclusive: "warn", slower: "bad" };

  const named = (row, impl) => row.contenders.find((one) => one.impl === impl);
  const nearest = (row, kind) => row.contenders.filter((one) => one.kind === kind && one.ratio)
    .sort((a, b) => a.ratio.median - b.ratio.median)[0];
  // Whom the row is compared with: the best peer, or the fastest CPython.
  const rival = (row, kind) => (kind === "cpython" ? nearest(row, kind) : named(row, row.best));

  const commandOf = (row, { impl, command: place }) =>
    data.texts[place].replaceAll("{row}", row.id).replaceAll("{impl}", impl);

  const contender = (row, one) => {
    const cells = one.error ? [element("td", { colSpan: 4 }, chip("failed", "bad"), ` ${one.error}`)] : [
      element("td", { className: "number" }, element("strong", {}, shown(one.value.median, row.unit)),
        element("span", { className: "quiet" },
          ` ${shown(one.value.low, row.unit)} – ${shown(one.value.high, row.unit)}`)),
      element("td", { className: "number" }, one.ratio ? element(
        "span", { className: `${words[one.ratio.verdict]}-text` }, interval(one.ratio)) : "–"),
      element("td", {}, one.ratio?.verdict ?? "–"),
      element("td", { className: "number" }, one.cpu ? time(one.cpu) : "–"),
    ];
    return element("tr", { className: one.kind }, element("th", { scope: "row" }, one.impl),
      element("td", { className: "quiet" }, kinds[one.kind]), ...cells,
      element("td", {}, command(commandOf(row, one))));
  };
  const contenders = (row) => {
    const head = ["contender", "kind", `${row.better === "higher" ? "rate" : "time"}, 95 % interval`,
      "ours : theirs", "verdict", "CPU per item", "run it again"];
    return element("div", { className: "scroll" }, element(
      "table", { className: "contenders" },
      element("thead", {}, element("tr", {}, head.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, row.contenders.map((one) => contender(row, one)))));
  };

  const start = () => {
    for (const details of document.querySelectorAll("[data-contenders]")) {
      whenOpened(details, () => details.append(contenders(known.get(details.dataset.contenders))));
    }
  };
  return { all, named, rival, start };
})();
