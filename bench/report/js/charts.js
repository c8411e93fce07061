// Charts, where the library was found. Each has a table beside it that holds the same numbers.
const charts = (() => {
  const drawn = new Map();  // id of the canvas: the chart
  const hidden = new Map();  // group: the contenders that its charts leave out
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

  // One colour for each contender, the same in every chart of a group.
  const palettes = new Map();
  const colourOf = (group, { impl, kind }) => {
    if (kind === "ours") return colour("accent");
    if (kind === "limit") return colour("limit");
    if (kind === "cpython") return colour("python");
    if (!palettes.has(group)) palettes.set(group, new Map());
    const palette = palettes.get(group);
    if (!palette.has(impl)) palette.set(impl, palette.size % 8 + 1);
    return colour(`peer-${palette.get(impl)}`);
  };
  const measured = (row) => row.contenders.filter((one) => one.value);
  for (const row of rows.all) for (const one of measured(row)) colourOf(row.group, one);
  const table = rows.all.filter((row) => !row.part);

  // Of a logarithmic axis only 1, 2, 5, 10, … are written: its ends need not be any of these, and would be
  // written over their neighbours.
  const round = (value) => {
    const first = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
    return [1, 2, 5].some((one) => Math.abs(first - one) < 1e-6);
  };
  const axis = (format, extra = {}) => ({
    grid: { color: colour("line"), drawTicks: false },
    border: { display: false },
    ticks: { color: colour("quiet"), padding: 6, maxRotation: 0, autoSkipPadding: 18, callback: (value) => format(value), ...extra.ticks },
    ...extra.scale,
  });
  const logarithmic = (format, extra = {}) => axis(format, {
    ticks: { callback: (value) => (round(value) ? format(value) : null), autoSkipPadding: 14 },
    scale: { type: "logarithmic", ...extra },
  });
  // Long names of rows take as many lines as they need; a narrow screen leaves them less of it.
  const screen = matchMedia("(max-width: 640px)");
  const narrow = () => screen.matches;
  const wrapped = (text, widest = narrow() ? 22 : 40) => {
    const lines = [""];
    for (const word of text.split(/(?<=[ .])/)) {
      if (lines.at(-1) && lines.at(-1).length + word.trimEnd().length > widest) lines.push("");
      lines[lines.length - 1] += word;
    }
    return lines;
  };
  const names = (extra = {}) => ({
    grid: { display: false }, border: { display: false },
    ticks: { color: colour("ink"), autoSkip: false, ...extra },
  });
  const whole = ({ chart, dataIndex }) => [chart.data.labels[dataIndex]].flat().join("");
  const common = (labels) => ({
    animation: false, maintainAspectRatio: false, responsive: true,
    plugins: { legend: { display: false }, tooltip: { callbacks: { title: ([one]) => whole(one), ...labels } } },
  });
  const make = (canvas, config) => {
    if (!canvas) return;
    drawn.get(canvas.id)?.destroy();
    drawn.set(canvas.id, new Chart(canvas, config));
  };

  // Short lines for floors, dots for medians, a line at 1.
  const line = (ctx, from, to, width) => {
    ctx.strokeStyle = colour("ink");
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.moveTo(...from);
    ctx.lineTo(...to);
    ctx.stroke();
  };
  const marks = (leads) => ({
    id: "marks",
    beforeDatasetsDraw({ ctx, chartArea, scales: { x } }) {
      const one = x.getPixelForValue(1);
      line(ctx, [one, chartArea.top], [one, chartArea.bottom], 1.25);
    },
    afterDatasetsDraw({ ctx, scales: { x, y } }) {
      leads.forEach(({ ratio, floor }, number) => {
        const middle = y.getPixelForValue(number);
        const at = floor && x.getPixelForValue(floor);
        if (floor) line(ctx, [at, middle - 7], [at, middle + 7], 2);
        ctx.fillStyle = colour({ slower: "bad", inconclusive: "warn" }[ratio.verdict] ?? "accent");
        ctx.beginPath();
        ctx.arc(x.getPixelForValue(ratio.median), middle, 4.5, 0, 2 * Math.PI);
        ctx.fill();
      });
    },
  });

  const lead = (canvas, kind) => {
    const leads = table.filter((row) => row.ours && rows.rival(row, kind)).map((row) => {
      const { impl, ratio } = rows.rival(row, kind);
      return { id: row.id, label: `${row.group} · ${row.text}`, impl, ratio, floor: row.floors[kind] };
    });
    const soft = { slower: "bad-soft", inconclusive: "warn-soft" };
    const ends = [1, ...leads.flatMap(({ ratio, floor }) => [ratio.low, ratio.high, floor ?? 1])];
    canvas.parentElement.style.height = `${60 + 24 * leads.length}px`;
    make(canvas, {
      type: "bar",
      data: {
        labels: leads.map(({ id, label }) => (narrow() ? wrapped(id) : innerWidth < 800 ? id : label)),
        datasets: [{
          data: leads.map(({ ratio }) => [ratio.low, ratio.high]),
          backgroundColor: leads.map(({ ratio }) => colour(soft[ratio.verdict] ?? "accent-soft")),
          borderSkipped: false, borderRadius: 4, barThickness: 12, minBarLength: 3,
        }],
      },
      options: {
        ...common({
          label: ({ dataIndex }) => {
            const { impl, ratio, floor } = leads[dataIndex];
            return `${times(ratio.median)} [${times(ratio.low)} to ${times(ratio.high)}] against ${impl}, ` +
              `${ratio.verdict}${floor ? `, floor ${times(floor)}` : ""}`;
          },
        }),
        indexAxis: "y",
        scales: {
          x: logarithmic(times, { position: "top", min: Math.min(...ends) / 1.15, max: Math.max(...ends) * 1.15 }),
          y: names({ font: { size: narrow() ? 9 : 12 } }),
        },
      },
      plugins: [marks(leads)],
    });
  };

  const rates = (pane) => {
    const { group, unit } = pane.dataset;
    const members = rows.all.filter((row) => row.group === group && row.unit === unit && measured(row).length);
    const impls = new Map(members.flatMap((row) => measured(row).map((one) => [one.impl, one])));
    const format = (value) => shown(value, unit);
    make(pane.querySelector("canvas"), {
      type: "bar",
      data: {
        labels: members.map((row) => wrapped(row.text)),
        datasets: [...impls.values()].filter(({ impl }) => !hidden.get(group)?.has(impl)).map((one) => ({
          label: one.impl,
          data: members.map((row) => rows.named(row, one.impl)?.value?.median ?? null),
          backgroundColor: colourOf(group, one), borderRadius: 2, categoryPercentage: 0.86, barPercentage: 0.9,
          skipNull: true,
        })),
      },
      options: {
        ...common({ label: ({ dataset, raw }) => `${dataset.label}: ${format(raw)}` }),
        indexAxis: "y",
        scales: { x: unit === "ns" ? logarithmic(format) : axis(format, { scale: { beginAtZero: true } }), y: names() },
      },
    });
  };

  // A line for each contender, ours the thickest; data of it is what stands over the labels.
  const lines = (pane, title, labels, drawn, format, scales) => {
    const options = common({ label: ({ dataset, raw }) => `${dataset.label}: ${format(raw)}` });
    make(pane.querySelector("canvas"), {
      type: "line",
      data: {
        labels,
        datasets: drawn.map(({ group, one, data: points, ...extra }) => ({
          label: one.impl, data: points, spanGaps: true,
          borderColor: colourOf(group, one), backgroundColor: colourOf(group, one),
          borderWidth: one.kind === "ours" ? 3 : 1.5, pointRadius: one.kind === "ours" ? 4 : 2.5,
          borderDash: one.kind === "limit" ? [4, 3] : [], ...extra,
        })),
      },
      options: {
        ...options,
        plugins: {
          ...options.plugins,
          title: { display: true, text: wrapped(title, narrow() ? 40 : 64), align: "start", color: colour("ink"), font: { size: 13, weight: 600 } },
          legend: { position: "bottom", align: "start", labels: { color: colour("ink"), boxWidth: 10, boxHeight: 10, font: { size: 11 } } },
        },
        scales,
      },
    });
  };
  const heading = (row) => `${row.group} · ${row.text}`;
  const rowOf = (id) => rows.all.find((row) => row.id === id);

  const latency = (pane) => {
    const row = rowOf(pane.dataset.latency);
    const steps = ["p50", "p90", "p99", "p99.9", "max"];
    const drawn = row.contenders.filter((one) => one.latency).map((one) => ({
      group: row.group, one, data: steps.map((step) => one.latency[step]) }));
    lines(pane, heading(row), steps, drawn, time, { x: names(), y: logarithmic(time) });
  };

  const loads = (pane) => {
    const row = rowOf(pane.dataset.loads);
    const ran = row.contenders.filter((one) => one.loads);
    const drawn = ran.map((one) => ({ group: row.group, one, data: one.loads.map(([, p99]) => p99) }));
    lines(pane, `${row.group} · p99 over the load`, ran[0].loads.map(([percent]) => `${percent} %`), drawn, time,
      { x: names(), y: logarithmic(time) });
  };

  // Rates over how many there are; without CPython, which is measured in a few of the rows only.
  const sweep = (pane) => {
    const { title, of, threads, rows: ids, fit, fitted } = data.sweeps[pane.dataset.sweep];
    const members = ids.map(rowOf);
    const { group, unit, better } = members[0];
    const height = (one, number) => (!one?.value ? null : better === "higher" ? one.value.median : threads[number] / one.value.median);
    const impls = new Map(members.flatMap(measured).filter(({ kind }) => kind !== "cpython").map((one) => [one.impl, one]));
    const drawn = [...impls.values()].map((one) => ({
      group, one, data: members.map((row, number) => height(rows.named(row, one.impl), number)) }));
    if (fit) {
      const [first, sigma, kappa] = fit;
      const law = (n) => (first * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1));
      drawn.push({ group, one: { impl: "Gunther's law", kind: "ours" }, data: threads.slice(0, fitted).map(law), borderColor: colour("ink"),
        backgroundColor: colour("ink"), borderDash: [6, 4], borderWidth: 1.5, pointRadius: 0, cubicInterpolationMode: "monotone" });
    }
    const format = (value) => shown(value, unit);
    lines(pane, `${title}: ${of}`, threads.map(String), drawn, format,
      { x: names(), y: axis(format, { scale: { beginAtZero: true } }) });
  };

  const noise = (canvas) => {
    const percent = (value) => `±${three(100 * value)} %`;
    make(canvas, {
      type: "bar",
      data: {
        labels: table.map((row) => row.id),
        datasets: [{ data: table.map((row) => row.noise), backgroundColor: colour("peer-1"), barThickness: 7, borderRadius: 2 }],
      },
      options: {
        ...common({ label: ({ raw }) => percent(raw) }),
        indexAxis: "y",
        scales: { x: axis(percent, { scale: { beginAtZero: true, position: "top" } }), y: names({ font: { size: narrow() ? 8.5 : 11 } }) },
      },
    });
  };

  // The legend is of buttons: each shows or hides its contender in the charts of the group.
  const legend = (place) => {
    const { legend: group } = place.dataset;
    const impls = new Map(rows.all.filter((row) => row.group === group)
      .flatMap((row) => measured(row).map((one) => [one.impl, one])));
    hidden.set(group, new Set());
    place.append(...[...impls.values()].map((one) => {
      const swatch = element("i", { className: "swatch" });
      const button = element("button", { type: "button", "aria-pressed": "true" }, swatch, one.impl);
      button.addEventListener("click", () => {
        const off = hidden.get(group);
        if (!off.delete(one.impl)) off.add(one.impl);
        button.setAttribute("aria-pressed", String(!off.has(one.impl)));
        document.querySelectorAll("[data-group]").forEach((pane) => {
          if (pane.dataset.group === group) rates(pane);
        });
      });
      swatch.dataset.colour = one.impl;
      return button;
    }));
  };
  const tint = (place) => {
    const { legend: group } = place.dataset;
    for (const swatch of place.querySelectorAll(".swatch")) {
      const one = rows.all.filter((row) => row.group === group)
        .flatMap(measured).find(({ impl }) => impl === swatch.dataset.colour);
      swatch.style.background = colourOf(group, one);
    }
  };

  let against = "peer";
  const leadNow = () => {
    const canvas = document.getElementById("lead-chart");
    if (canvas) lead(canvas, against);
  };
  const start = () => {
    if (typeof Chart === "undefined") return;
    root.classList.add("charted");
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    screen.addEventListener("change", draw);
    document.querySelectorAll("[data-legend]").forEach(legend);
    const choices = [...document.querySelectorAll("[data-against]")];
    for (const button of choices) {
      button.addEventListener("click", () => {
        against = button.dataset.against;
        for (const one of choices) one.setAttribute("aria-pressed", String(one === button));
        leadNow();
      });
    }
  };
  const draw = () => {
    if (typeof Chart === "undefined") return;
    leadNow();
    document.querySelectorAll("[data-group]").forEach(rates);
    document.querySelectorAll("[data-latency]").forEach(latency);
    document.querySelectorAll("[data-sweep]").forEach(sweep);
    document.querySelectorAll("[data-loads]").forEach(loads);
    document.querySelectorAll("[data-legend]").forEach(tint);
    noise(document.getElementById("noise-chart"));
  };
  return { start, draw };
})();
