// A port's page: the commands of a clause are made when it is opened, of what stands beside each target.
(() => {
  "use strict";
  const templates = [...document.querySelectorAll("#targets tbody tr")].map(
    (row) => [row.cells[0].textContent, row.querySelector(".command code").textContent]);
  document.addEventListener("toggle", ({ target: clause }) => {
    if (!clause.matches("[data-again]") || clause.childElementCount > 1) return;
    const id = clause.firstElementChild.textContent;
    const { module } = clause.closest("[data-module]").dataset;
    for (const [name, template] of templates) {
      const line = document.createElement("div");
      const code = document.createElement("code");
      code.textContent = template.replaceAll("{module}", module).replaceAll("{id}", id);
      line.append(`${name}: `, code);
      clause.append(line);
    }
  }, true);  // it does not bubble
})();
