"use strict";
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const charts = [];
  root.classList.add("scripted");

  // Light and dark: the system's choice until the button says otherwise.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  let chosen = null;
  const isDark = () => (chosen ?? (dark.matches ? "dark" : "light")) === "dark";
  const applyTheme = () => {
    root.dataset.theme = isDark() ? "dark" : "light";
    button.textContent = isDark() ? "Light" : "Dark";
    drawAll();
  };
  button.addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    applyTheme();
  });
  dark.addEventListener("change", applyTheme);

  // Commands.
  document.addEventListener("click", async (event) => {
    const copy = event.target.closest(".copy");
    if (!copy) return;
    try {
      await navigator.clipboard.writeText(copy.dataset.copy);
      copy.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(copy.previousElementSibling);
      copy.textContent = "selected";
    }
    setTimeout(() => { copy.textContent = "copy"; }, 1500);
  });

  // Clauses: by words and by status. A link to a clause opens it.
  const clauses = [...document.querySelectorAll(".clause")];
  const find = document.getElementById("find");
  const status = document.getElementById("status");
  const select = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const clause of clauses) {
      const fits = (!status.value || clause.dataset.status === status.value) &&
        words.every((word) => clause.dataset.words.includes(word));
      clause.hidden = !fits;
      shown += fits;
    }
    for (const primitive of document.querySelectorAll(".primitive")) {
      primitive.hidden = !primitive.querySelector(".clause:not([hidden])");
      if (words.length || status.value) primitive.open = !primitive.hidden;
    }
    document.getElementById("found").textContent = `${shown} of ${clauses.length} clauses`;
  };
  find.addEventListener("input", select);
  status.addEventListener("change", select);
  select();
  const openTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.matches(".clause")) {
      const primitive = target.closest(".primitive");
      primitive.hidden = target.hidden = false;
      primitive.open = target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", openTarget);

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
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

  // One colour for each contender, the same in every chart of a group.
  const palettes = new Map();
  const colourOf = (group, impl, kind) => {
    if (kind === "ours") return colour("accent");
    if (kind === "limit") return colour("limit");
    if (kind === "cpython") return colour("python");
    if (!palettes.has(group)) palettes.set(group, new Map());
    const palette = palettes.get(group);
    if (!palette.has(impl)) palette.set(impl, palette.size % 8 + 1);
    return colour(`peer-${palette.get(impl)}`);
  };
  for (const [group, rows] of Object.entries(data.rates ?? {})) {
    for (const row of rows) for (const bar of row.bars) colourOf(group, bar.impl, bar.kind);
  }

  const decades = (value) => Number.isInteger(Math.log10(value)) || /^[25]/.test(value.toExponential());
  const axis = (format, extra = {}) => ({
    grid: { color: colour("line"), drawTicks: false },
    border: { display: false },
    ticks: { color: colour("quiet"), padding: 6, maxRotation: 0, autoSkipPadding: 18, callback: (value) => format(value), ...extra.ticks },
    ...extra.scale,
  });
  const logarithmic = (format, extra = {}) => axis(format, {
    ticks: { callback: (value) => (decades(value) ? format(value) : null), maxRotation: 0, autoSkipPadding: 14 },
    scale: { type: "logarithmic", ...extra },
  });
  // Long names of rows take two lines.
  const wrapped = (text) => {
    if (text.length < 40) return text;
    const middle = text.indexOf(" ", text.lastIndexOf(" ", text.length / 2) + 1);
    return [text.slice(0, middle), text.slice(middle + 1)];
  };
  const names = (extra = {}) => ({
    grid: { display: false }, border: { display: false },
    ticks: { color: colour("ink"), autoSkip: false, ...extra },
  });
  const common = (labels) => ({
    animation: false, maintainAspectRatio: false, responsive: true,
    plugins: { legend: { display: false }, tooltip: { callbacks: labels } },
  });

  const make = (id, config) => {
    const canvas = document.getElementById(id);
    if (canvas) charts.push(new Chart(canvas, config));
  };

  // Short lines for floors, dots for medians, a line at 1.
  const marks = (rows) => ({
    id: "marks",
    beforeDatasetsDraw({ ctx, chartArea, scales: { x } }) {
      ctx.strokeStyle = colour("ink");
      ctx.lineWidth = 1.25;
      ctx.beginPath();
      ctx.moveTo(x.getPixelForValue(1), chartArea.top);
      ctx.lineTo(x.getPixelForValue(1), chartArea.bottom);
      ctx.stroke();
    },
    afterDatasetsDraw({ ctx, scales: { x, y } }) {
      rows.forEach((row, number) => {
        const middle = y.getPixelForValue(number);
        if (row.floor) {
          ctx.strokeStyle = colour("ink");
          ctx.lineWidth = 2;
          ctx.beginPath();
          ctx.moveTo(x.getPixelForValue(row.floor), middle - 7);
          ctx.lineTo(x.getPixelForValue(row.floor), middle + 7);
          ctx.stroke();
        }
        ctx.fillStyle = colour(row.standing === "slower" ? "bad" : row.standing === "inconclusive" ? "warn" : "accent");
        ctx.beginPath();
        ctx.arc(x.getPixelForValue(row.median), middle, 4.5, 0, 2 * Math.PI);
        ctx.fill();
      });
    },
  });

  const drawRatios = () => {
    const rows = data.ratios ?? [];
    if (!rows.length) return;
    const soft = { slower: "bad-soft", inconclusive: "warn-soft" };
    const all = rows.flatMap((row) => [row.low, row.high, row.floor ?? 1, 1]);
    make("ratios", {
      type: "bar",
      data: {
        labels: rows.map((row) => (innerWidth < 800 ? row.id : row.label)),
        datasets: [{
          data: rows.map((row) => [row.low, row.high]),
          backgroundColor: rows.map((row) => colour(soft[row.standing] ?? "accent-soft")),
          borderSkipped: false, borderRadius: 4, barThickness: 12, minBarLength: 3,
        }],
      },
      options: {
        ...common({
          label: ({ dataIndex }) => {
            const row = rows[dataIndex];
            return `${times(row.median)} [${times(row.low)} to ${times(row.high)}] against ${row.peer}, ` +
              `${row.standing}${row.floor ? `, floor ${times(row.floor)}` : ""}`;
          },
        }),
        indexAxis: "y",
        scales: {
          x: logarithmic(times, { position: "top", min: Math.min(...all) / 1.15, max: Math.max(...all) * 1.15 }),
          y: names({ font: { size: 12 } }),
        },
      },
      plugins: [marks(rows)],
    });
  };

  const drawGroup = (pane) => {
    const { group, unit } = pane.dataset;
    const rows = data.rates[group].filter((row) => row.unit === unit && row.bars.length);
    const impls = new Map();
    for (const row of rows) for (const bar of row.bars) impls.set(bar.impl, bar.kind);
    const format = (value) => shown(value, unit);
    const options = common({ label: ({ dataset, raw }) => `${dataset.label}: ${format(raw)}` });
    make(pane.querySelector("canvas").id, {
      type: "bar",
      data: {
        labels: rows.map((row) => wrapped(row.label)),
        datasets: [...impls].map(([impl, kind]) => ({
          label: impl,
          data: rows.map((row) => row.bars.find((bar) => bar.impl === impl)?.median ?? null),
          backgroundColor: colourOf(group, impl, kind), borderRadius: 2, categoryPercentage: 0.86, barPercentage: 0.9,
          skipNull: true,
        })),
      },
      options: {
        ...options,
        indexAxis: "y",
        plugins: {
          ...options.plugins,
          legend: { position: "top", align: "start", labels: { color: colour("ink"), boxWidth: 12, boxHeight: 12 } },
        },
        scales: { x: unit === "ns" ? logarithmic(format) : axis(format, { scale: { beginAtZero: true } }), y: names() },
      },
    });
  };

  const drawLatency = (pane) => {
    const row = data.latencies[Number(pane.dataset.latency)];
    const steps = ["p50", "p90", "p99", "p99.9", "max"];
    const options = common({ label: ({ dataset, raw }) => `${dataset.label}: ${time(raw)}` });
    make(pane.querySelector("canvas").id, {
      type: "line",
      data: {
        labels: steps,
        datasets: row.lines.map((line) => ({
          label: line.impl, data: steps.map((step) => line[step]),
          borderColor: colourOf(row.group, line.impl, line.kind), backgroundColor: colourOf(row.group, line.impl, line.kind),
          borderWidth: line.kind === "ours" ? 3 : 1.5, pointRadius: line.kind === "ours" ? 4 : 2.5,
          borderDash: line.kind === "limit" ? [4, 3] : [],
        })),
      },
      options: {
        ...options,
        plugins: {
          ...options.plugins,
          title: { display: true, text: row.label, align: "start", color: colour("ink"), font: { size: 13, weight: 600 } },
          legend: { position: "bottom", align: "start", labels: { color: colour("ink"), boxWidth: 10, boxHeight: 10, font: { size: 11 } } },
        },
        scales: { x: names(), y: logarithmic(time) },
      },
    });
  };

  const drawNoise = () => {
    const rows = data.noise ?? [];
    const percent = (value) => `±${three(100 * value)} %`;
    make("noise-chart", {
      type: "bar",
      data: {
        labels: rows.map((row) => row.label),
        datasets: [{ data: rows.map((row) => row.value), backgroundColor: colour("peer-1"), barThickness: 7, borderRadius: 2 }],
      },
      options: {
        ...common({ label: ({ raw }) => percent(raw) }),
        indexAxis: "y",
        scales: { x: axis(percent, { scale: { beginAtZero: true, position: "top" } }), y: names({ font: { size: 11 } }) },
      },
    });
  };

  function drawAll() {
    if (typeof Chart === "undefined") return;
    root.classList.add("charted");
    while (charts.length) charts.pop().destroy();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    drawRatios();
    document.querySelectorAll("[data-group]").forEach(drawGroup);
    document.querySelectorAll("[data-latency]").forEach(drawLatency);
    drawNoise();
  }

  applyTheme();
  openTarget();
})();
