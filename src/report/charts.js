// The figures: each function takes data and a width and returns an SVG drawn by Observable Plot. No figure is computed here
// that the data does not hold; colours are chosen to read on white and on near-black.
"use strict";
const ARM_COLOURS = ["#8a929c", "#2f74e0", "#e08a2c", "#2fa37a", "#a65bd0", "#d14f74", "#9a8b3a", "#3aa5b8", "#b5533c", "#735fbf", "#6b8e23", "#d48fb8", "#c9a500", "#4a7a8c"];
const LABEL_COLOURS = {
  pass: "#3f9d6b", correct_abstention: "#8fcca6",
  truncated: "#6c7a89", invalid_tool_call: "#c2413a", argument_mismatch: "#e8843c", spurious_tool_call: "#a98467",
  instance_mismatch: "#86b4e3", state_mismatch: "#3a78c9", recovery_failure: "#9466c4", empty_turn: "#c5b28e",
  missing_tool_call: "#ddb62f", response_mismatch: "#cf6ba4",
};
const ENDING_COLOURS = { "still shown": "#2f74e0", faded: "#3f9d6b", reverted: "#c2413a" };
const TIME_COLOURS = {
  demonstrate: "#b7a16a", imitate: "#d98f4e", rollout: "#2f74e0", diagnose: "#9466c4", learn: "#e0a12c", evaluate: "#3f9d6b", test: "#7fc29b",
};
const percent = d3.format(".0%"), spaced = (name) => name.replaceAll("_", " ");
const signedTick = (value) => Math.abs(value) < 5e-4 ? "0" : d3.format(Math.abs(value) < 0.01 ? "+.1f" : "+.0f")(100 * value);
const number = (value) => value == null ? "–" : value === 0 ? "0"
  : Math.abs(value) >= 1000 ? d3.format(",.0f")(value) : Math.abs(value) < 0.001 ? d3.format(".0e")(value) : d3.format(".3~g")(value);

const base = (width, height, more) => ({
  width, height, style: { fontFamily: "inherit", fontSize: "12px", background: "none" }, marginLeft: 42, marginBottom: 32, marginTop: 14, marginRight: 12,
  ...more,
});
/** Rounds are whole: at most as many ticks as fit. */
const rounds = (data, width) => {
  const all = [...new Set(data.map((d) => d.round))].sort((a, b) => a - b);
  const every = Math.max(1, Math.ceil(all.length / Math.max(2, Math.floor(width / 44))));
  const low = all[0] ?? 0, high = all[all.length - 1] ?? 1;
  return { label: "round", ticks: all.filter((_, i) => i % every === 0), tickFormat: "d", domain: low === high ? [low - 1, high + 1] : [low, high], inset: 6, grid: false };
};
const armColours = (arms) => ({ domain: arms, range: arms.map((_, i) => ARM_COLOURS[i % ARM_COLOURS.length]) });

const charts = {
  /** Lines with 95 % bands: rows of {round, arm, value, low, high}. */
  bands(rows, arms, width, height) {
    const top = Math.min(1, Math.max(0.1, d3.max(rows, (d) => d.high) ?? 1));
    return Plot.plot(base(width, height, {
      x: rounds(rows, width), y: { label: null, tickFormat: percent, grid: true, domain: [0, top], nice: true }, color: armColours(arms),
      marks: [
        Plot.areaY(rows, { x: "round", y1: "low", y2: "high", fill: "arm", fillOpacity: 0.14 }),
        Plot.lineY(rows, { x: "round", y: "value", stroke: "arm", strokeWidth: 2 }),
        Plot.dot(rows, { x: "round", y: "value", fill: "arm", r: 3 }),
        Plot.ruleY([0], { strokeOpacity: 0.4 }),
        Plot.tip(rows, Plot.pointer({
          x: "round", y: "value", title: (d) => `${d.arm}, round ${d.round}\n${(100 * d.value).toFixed(1)} % [${(100 * d.low).toFixed(1)}, ${(100 * d.high).toFixed(1)}]\n${d.passed} of ${d.scored}`,
        })),
      ],
    }));
  },
  /** One line for each run and arm. */
  runs(rows, arms, width, height) {
    return Plot.plot(base(width, height, {
      x: rounds(rows, width), y: { label: null, tickFormat: percent, grid: true, zero: true, nice: true }, color: armColours(arms),
      marks: [
        Plot.lineY(rows, { x: "round", y: "value", z: (d) => `${d.run} ${d.arm}`, stroke: "arm", strokeWidth: 1.6, strokeOpacity: 0.75 }),
        Plot.dot(rows, { x: "round", y: "value", fill: "arm", r: 2.2 }),
        Plot.tip(rows, Plot.pointer({ x: "round", y: "value", title: (d) => `${d.run}, ${d.arm}, round ${d.round}\n${(100 * d.value).toFixed(1)} %` })),
      ],
    }));
  },
  /** Dots with intervals by category: rows of {group, series, value, low, high}. */
  forest(rows, series, colours, width, { zero = false, left = 96 } = {}) {
    const groups = [...new Set(rows.map((d) => d.group))];
    const low = Math.min(0, d3.min(rows, (d) => d.low)), high = Math.max(zero ? 0.02 : 0.1, d3.max(rows, (d) => d.high));
    return Plot.plot(base(width, 40 + groups.length * (series.length * 14 + 22), {
      marginLeft: left, marginRight: 16, x: { label: null, tickFormat: zero ? signedTick : percent, grid: true, domain: [low, high], nice: true, ticks: Math.max(3, width / 90) },
      y: { domain: series, axis: null, padding: 0.2 }, fy: { domain: groups, label: null, padding: 0.3 }, color: { domain: series, range: colours },
      marks: [
        zero ? Plot.ruleX([0], { strokeOpacity: 0.5 }) : null,
        Plot.ruleY(rows, { fy: "group", y: "series", x1: "low", x2: "high", stroke: "series", strokeWidth: 2.5, strokeOpacity: 0.55 }),
        Plot.dot(rows, { fy: "group", y: "series", x: "value", fill: "series", r: 4.5 }),
        Plot.axisFy({ anchor: "left", label: null, fontSize: 12 }),
        Plot.tip(rows, Plot.pointerY({ fy: "group", x: "value", y: "series", title: (d) => `${d.series}: ${d.said}` })),
      ],
    }));
  },
  /** With − without by round. */
  gap(rows, arms, width, height) {
    const limit = Math.max(0.05, d3.max(rows, (d) => Math.max(Math.abs(d.low), Math.abs(d.high))));
    const shift = (d) => (arms.indexOf(d.arm) - (arms.length - 1) / 2) * 5;
    const by = d3.group(rows, (d) => d.arm);
    return Plot.plot(base(width, height, {
      x: rounds(rows, width), y: { label: null, tickFormat: signedTick, grid: true, domain: [-limit, limit], nice: true }, color: armColours(arms),
      marks: [
        Plot.ruleY([0], { strokeOpacity: 0.6 }),
        ...[...by].flatMap(([, of]) => [
          Plot.ruleX(of, { x: "round", y1: "low", y2: "high", stroke: "arm", strokeWidth: 2.5, strokeOpacity: 0.5, dx: shift(of[0]) }),
          Plot.dot(of, { x: "round", y: "value", fill: "arm", r: 4.5, dx: shift(of[0]) }),
        ]),
        Plot.tip(rows, Plot.pointer({ x: "round", y: "value", title: (d) => `${d.arm}, round ${d.round}, ${d.tasks} tasks\nwith cues ${(100 * d.with).toFixed(1)} %, without ${(100 * d.without).toFixed(1)} %\ngap ${(100 * d.value).toFixed(1)} [${(100 * d.low).toFixed(1)}, ${(100 * d.high).toFixed(1)}]` })),
      ],
    }));
  },
  /** Stacked shares of turns by label. */
  labels(rows, order, width, height) {
    const colours = order.map((label) => LABEL_COLOURS[label] ?? "#888");
    const { ticks } = rounds(rows, width);
    return Plot.plot(base(width, height, {
      x: { label: "round", type: "band", ticks, tickFormat: "d", padding: 0.06 }, y: { label: null, tickFormat: percent, domain: [0, 1] }, color: { domain: order, range: colours },
      marks: [
        Plot.barY(rows, Plot.stackY({ x: "round", y: "share", fill: "label", z: "label", order })),
        Plot.tip(rows, Plot.pointer(Plot.stackY({ x: "round", y: "share", z: "label", order, title: (d) => `${spaced(d.label)}, round ${d.round}\n${(100 * d.share).toFixed(1)} % (${d.turns} turns, ${d.cascaded} caused earlier)` }))),
      ],
    }));
  },
  /** When each cue was shown. */
  cues(rows, last, width) {
    const name = (d) => `${d.target} · ${d.rule}`, names = [...new Set(rows.map(name))];
    const fit = Math.max(90, Math.min(300, width * 0.34)), letters = Math.floor(fit / 6.6);
    const short = (text) => text.length > letters ? text.slice(0, letters - 1) + "…" : text;
    const effect = (d) => d.effect == null ? "" : `${d3.format("+.0f")(100 * d.effect)} pts`;
    const ticks = rounds(d3.range(1, last + 1).map((round) => ({ round })), width - fit).ticks;
    return Plot.plot(base(width, 46 + names.length * 22, {
      marginLeft: fit + 8, marginRight: 54, x: { label: "shown in round", domain: [0.5, last + 0.5], ticks, tickFormat: "d", grid: true },
      y: { domain: names, label: null, tickFormat: short, tickSize: 0, padding: 0.3 }, color: { domain: Object.keys(ENDING_COLOURS), range: Object.values(ENDING_COLOURS) },
      marks: [
        Plot.barX(rows, { x1: (d) => d.from - 0.5, x2: (d) => Math.max(d.to + 0.5, d.from - 0.44), y: name, fill: (d) => d.ending ?? "still shown", fillOpacity: 0.85, rx: 3 }),
        Plot.text(rows, { x: (d) => Math.max(d.to + 0.5, d.from - 0.44), y: name, text: effect, textAnchor: "start", dx: 5, fontSize: 11 }),
        Plot.tip(rows, Plot.pointer({ x: (d) => (d.from + d.to) / 2, y: name, title: (d) => `${d.text}\n\ncame after round ${d.from - 1}: ${percent(d.cause.share)} of ${d.cause.of} turns failed so\n${d.ending ? `${d.ending} after round ${d.to}` : "still shown"}`, lineWidth: 40 })),
      ],
    }));
  },
  /** Share of a tool's turns that failed so. */
  heat(rows, names, failures, width) {
    const left = Math.min(190, width * 0.42), letters = Math.floor(left / 6.5);
    const short = (text) => text.length > letters ? text.slice(0, letters - 1) + "…" : text;
    const share = (d) => d.of ? d.turns / d.of : 0;
    return Plot.plot(base(width, 100 + names.length * 21, {
      marginLeft: left + 6, marginTop: 86, marginRight: 40, marginBottom: 8,
      x: { domain: failures, axis: "top", label: null, tickRotate: -38, tickFormat: spaced, tickSize: 0, padding: 0.06 },
      y: { domain: names, label: null, tickSize: 0, padding: 0.08, tickFormat: (name) => name.includes(".") ? short("· " + name.split(".").slice(1).join(".")) : short(name) },
      opacity: { domain: [0, Math.max(0.05, d3.max(rows, share) ?? 0)], range: [0.07, 0.95] },
      marks: [
        Plot.cell(names.flatMap((row) => failures.map((failure) => ({ row, failure }))), { x: "failure", y: "row", fill: "currentColor", fillOpacity: 0.035, rx: 2 }),
        Plot.cell(rows, { x: "failure", y: "row", fill: "#d1493f", fillOpacity: { value: share, scale: true }, rx: 2 }),
        Plot.text(rows, { x: "failure", y: "row", text: (d) => String(d.turns), fontSize: 11 }),
        Plot.tip(rows, Plot.pointer({ x: "failure", y: "row", title: (d) => `${d.row}: ${spaced(d.failure)}\n${d.turns} of ${d.of} turns that called or needed ${d.tool} (${(100 * share(d)).toFixed(1)} %)` })),
      ],
    }));
  },
  /** A small line by round: rows of {round, arm, value}. */
  line(rows, arms, width, { zero = false, height = 150 } = {}) {
    const [low, high] = d3.extent(rows, (d) => d.value);
    const domain = low === high ? [Math.min(0, low), high || 1] : [zero ? Math.min(0, low) : low, high];
    return Plot.plot(base(width, height, {
      marginLeft: 52, x: rounds(rows, width), y: { label: null, grid: true, domain, nice: true, ticks: 4, tickFormat: number }, color: armColours(arms),
      marks: [
        Plot.lineY(rows, { x: "round", y: "value", stroke: "arm", strokeWidth: 1.8 }),
        Plot.dot(rows, { x: "round", y: "value", fill: "arm", r: 2.4 }),
        Plot.tip(rows, Plot.pointer({ x: "round", y: "value", title: (d) => `${d.arm}, round ${d.round}\n${number(d.value)}` })),
      ],
    }));
  },
  /** Seconds by arm and stage. */
  times(rows, arms, stages, width) {
    const left = 90;
    return Plot.plot(base(width, 44 + arms.length * 30, {
      marginLeft: left, x: { label: "seconds", grid: true, ticks: Math.max(3, width / 110) }, y: { domain: arms, label: null, tickSize: 0, padding: 0.28 },
      color: { domain: stages, range: stages.map((stage) => TIME_COLOURS[stage] ?? "#999") },
      marks: [
        Plot.barX(rows, Plot.stackX({ y: "arm", x: "seconds", fill: "name", z: "name", order: stages })),
        Plot.tip(rows, Plot.pointer(Plot.stackX({ y: "arm", x: "seconds", z: "name", order: stages, title: (d) => `${d.arm}, ${d.name}: ${number(d.seconds)} s` }))),
      ],
    }));
  },
};
