// The methods of CPython's tests under each module: which clauses answer them, or why none does.
const census = (() => {
  const answer = (one) => {
    if (one === null) return chip("missing", "bad");
    if (typeof one === "string") return [chip("excluded", "warn"), ` ${one}`];
    return one.map((place) => element("div", {}, element("a", { href: `#${clauses.all[place].id}` },
      element("code", {}, clauses.all[place].id))));
  };
  const table = (methods) => element("table", { className: "answered" }, element("tbody", {}, methods.map(
    ([version, name, one]) => element("tr", {}, element("th", { scope: "row" }, element("code", {}, name),
      element("span", { className: "quiet" }, ` ${version}`)), element("td", {}, answer(one))))));

  const start = () => {
    for (const details of document.querySelectorAll("[data-census]")) {
      whenOpened(details, () => details.append(table(data.census[details.dataset.census])));
    }
  };
  return { start };
})();
