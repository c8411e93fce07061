// The page's scripts are put together in one function: first this one, which the others use.
const root = document.documentElement;
const data = JSON.parse(document.getElementById("data").textContent);
root.classList.add("scripted");

// element("td", { className: "number" }, "text", another): texts are texts, never HTML.
const element = (name, properties = {}, ...content) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...content.flat().filter((one) => one !== null && one !== undefined));
  return made;
};
const chip = (text, kind) => element("span", { className: `chip ${kind}` }, text);
// A table that may be wider than its place: the arrow keys move it, too.
const scroller = (label, table) => element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": label }, table);
const command = (text) => element(
  "span", { className: "command" }, element("code", {}, text),
  element("button", { type: "button", className: "copy", "aria-label": "copy this command" }, "copy"));

// Light and dark: the system's choice until the button says otherwise.
const dark = matchMedia("(prefers-color-scheme: dark)");
let chosen = null;
const isDark = () => (chosen ?? (dark.matches ? "dark" : "light")) === "dark";
const applyTheme = () => {
  root.dataset.theme = isDark() ? "dark" : "light";
  document.getElementById("theme").textContent = isDark() ? "Light" : "Dark";
  drawAll();
};
document.getElementById("theme").addEventListener("click", () => {
  chosen = isDark() ? "light" : "dark";
  applyTheme();
});
dark.addEventListener("change", applyTheme);
// Paper is white.
addEventListener("beforeprint", () => { root.dataset.theme = "light"; drawAll(); });
addEventListener("afterprint", applyTheme);

// Commands.
document.addEventListener("click", async (event) => {
  const copy = event.target.closest(".copy");
  if (!copy) return;
  const code = copy.previousElementSibling;
  try {
    await navigator.clipboard.writeText(code.textContent);
    copy.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(code);
    copy.textContent = "selected";
  }
  setTimeout(() => { copy.textContent = "copy"; }, 1500);
});

// What is written only when it is opened.
const whenOpened = (details, write) => {
  let written = false;
  const now = () => {
    if (written || !details.open) return;
    written = true;
    write();
  };
  details.addEventListener("toggle", now);
  now();
};

const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

// Numbers as the tables write them.
const three = (number) => Number(number.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
const scaled = (number, steps, unit) => {
  for (const [size, prefix] of steps) if (number >= size) return `${three(number / size)} ${prefix}${unit}`;
  return `${three(number)} ${unit}`;
};
const time = (ns) => scaled(ns, [[1e9, ""], [1e6, "m"], [1e3, "µ"]], ns < 1e3 ? "ns" : "s");
const rate = (value, unit) => scaled(value, [[1e9, "G "], [1e6, "M "], [1e3, "k "]], unit);
const shown = (value, unit) => (unit === "ns" ? time(value) : rate(value, unit));
const times = (value) => `${value >= 10 ? Math.round(value) : Number(value.toPrecision(2))} ×`;
const precise = (value) => (value >= 10 ? Math.round(value).toLocaleString("en") : value.toFixed(2));
const interval = (ratio) => `${precise(ratio.median)} × [${precise(ratio.low)}–${precise(ratio.high)}]`;
