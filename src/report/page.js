// Puts the page together: sections, tables, examples, run switch, redraw on resize, refresh while a run goes on.
"use strict";
let report = JSON.parse(document.getElementById("data").textContent);
let chosen = 0;
const draws = [];

/** An element: `el("p.lead", {title: "…"}, "text", child, …)`. */
function el(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value); else node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null));
  return node;
}
/** A figure whose drawing follows the width it gets. */
function figure(title, draw, caption) {
  const place = el("div");
  const node = el("figure", {}, title ? el("h3", {}, title) : null, place, caption ? el("figcaption", {}, caption) : null);
  draws.push({ place, draw, width: 0 });
  return node;
}
function drawInto(item, width = Math.floor(item.place.clientWidth)) {
  if (width <= 0 || width === item.width) return;
  item.width = width;
  try {
    item.place.replaceChildren(item.draw(width));
  } catch (error) {
    // One figure that cannot be drawn must not take the others with it.
    item.place.replaceChildren(none(`this figure cannot be drawn: ${error.message}`));
    console.error(error);
  }
}
/** What is in sight is drawn at once, the rest in slices, so that the page can be read while it is drawn. */
const SLICE_MS = 40;
let drawing = 0;
function redraw() {
  const mine = ++drawing;
  // All places are measured before anything is drawn: a measurement after a drawing would lay the whole page out again.
  const measured = draws.map((item) => [item, Math.floor(item.place.clientWidth), item.place.getBoundingClientRect().top]);
  const waiting = measured.filter(([item, width, top]) => {
    if (top > innerHeight * 1.2) return true;
    drawInto(item, width);
    return false;
  });
  const next = () => {
    if (mine !== drawing) return;
    const begun = performance.now();
    while (waiting.length && performance.now() - begun < SLICE_MS) {
      const [item, width] = waiting.shift();
      drawInto(item, width);
    }
    if (waiting.length) setTimeout(next);
    else document.body.dataset.ready = String(document.querySelectorAll("figure svg").length);
  };
  setTimeout(next);
}
const key = (names, colours) => el("div.key", {}, names.map((name, i) => el("span", {}, el("i", { style: `background:${colours[i]}` }), spaced(name))));
const armKey = (arms) => arms.length > 1 ? key(arms, armColours(arms).range) : null;
const none = (text) => el("p.none", {}, text);
/** Rounded as the program's own tables round: a tie goes to the even digit. */
const pct = (value) => {
  const tenths = 1000 * value, below = Math.floor(tenths + 1e-9);
  const tie = Math.abs(tenths - below - 0.5) < 1e-6;
  return ((tie ? below + (below % 2) : Math.round(tenths)) / 10).toFixed(1);
};
const points = (e) => `${e.value >= 0 ? "+" : "−"}${pct(Math.abs(e.value))}`;
const interval = (e) => `[${signed(e.low)}, ${signed(e.high)}]`;
const signed = (value) => `${value >= 0 ? "+" : "−"}${pct(Math.abs(value))}`;
/** A difference whose interval leaves 0 out is coloured; others are not. */
const verdict = (e) => e.low > 0 ? "good" : e.high < 0 ? "bad" : "";
const sum = (rows, of) => d3.sum(rows, of);
const quote = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
const count = (value, noun) => `${d3.format(",")(value)} ${noun}${value === 1 ? "" : "s"}`;

function section(id, title, lead, ...content) {
  // On paper a heading stays with the first thing under it.
  const first = content.findIndex((node) => node && !node.classList?.contains("key")) + 1;
  return el("section", { id }, el("div.unit", {}, el("h2", {}, title), el("p.lead", {}, lead), ...content.slice(0, first)), ...content.slice(first));
}
function table(head, rows, { text = [], total = false } = {}) {
  const kind = (i) => text.includes(i) ? ".text" : "";
  const line = (cells, i) => el(total && i === rows.length - 1 ? "tr.total" : "tr", {}, cells.map((cell, j) => el(`td${kind(j)}`, {}, cell ?? "–")));
  return el("div.scroll", {}, el("table", {}, el("thead", {}, el("tr", {}, head.map((cell, j) => el(`th${kind(j)}`, {}, cell)))), el("tbody", {}, rows.map(line))));
}
function command(text) {
  const button = el("button.copy", { type: "button", title: "copy this command", onclick: () => copy(text, button) }, "copy");
  return el("div.command", {}, el("code", {}, text), button);
}
async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages opened from a file have no clipboard in some browsers.
    const area = el("textarea", {}, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1200);
}

/** Columns of the closing table: each distinct policy once. */
function policies(run) {
  const columns = [];
  const arms = shownArms(run);
  arms.forEach((arm, i) => {
    const first = arms[0];
    const shared = i > 0 && JSON.stringify(arm.before) === JSON.stringify(first.before);
    if (arm.before && !shared) columns.push({ name: i === 0 ? "before" : `${arm.name} before`, of: arm.before, colour: "#c8ab6e" });
    if (arm.after) columns.push({ name: arm.name, of: arm.after, colour: ARM_COLOURS[i % ARM_COLOURS.length] });
  });
  return columns;
}
const rateOf = (rate) => rate && rate.interval ? { ...rate.interval, said: `${pct(rate.interval.value)} % [${pct(rate.interval.low)}, ${pct(rate.interval.high)}], ${rate.passed} of ${rate.scored}` } : null;

function head(run) {
  const many = report.runs.length > 1;
  const live = document.body.dataset.live === "true";
  const state = stateOf(run);
  document.getElementById("top").replaceChildren(
    el("h1", {}, run.scenario),
    el("p.facts", {}, el("b", {}, run.environment), ` · ${seedsOf(run)} · ${count(run.episodes, "episode")} · ${count(run.turns, "turn")} · ${count(run.sampled_tokens, "sampled token")} · ${state}`),
    el("p.facts", {}, run.summary),
    live ? el("p.live", {}, el("span.dot"), el("span", { id: "pulse" }, "live")) : "",
    many ? el("div.runs", { role: "group", "aria-label": "run" }, report.runs.map((other, i) => el("button", {
      type: "button", "aria-pressed": String(i === chosen), onclick: () => { chosen = i; render(); },
    }, `${other.folder.split("/").filter(Boolean).pop()} · seed ${other.seed}`))) : "",
    el("nav", {}, [["closing", "result"], ["rounds", "rounds"], ["gap", "weaning"], ["labels", "labels"], ["cues", "interface"], ["failures", "failures"], ["training", "training"], ["time", "time"], ["examples", "examples"], ["provenance", "provenance"]]
      .map(([id, name]) => el("a", { href: `#${id}` }, name))),
    run.closing.study ? "" : tiles(run),
  );
}
function tiles(run) {
  const arms = shownArms(run);
  return el("div.tiles", {}, arms.map((arm, i) => {
    const colour = ARM_COLOURS[i % ARM_COLOURS.length];
    const rate = arm.after && rateOf(arm.after.all), dev = arm.dev[arm.dev.length - 1];
    const difference = (name, e) => e ? el("div.note", {}, `${name} `, el(`span.${verdict(e) || "soft"}`, {}, points(e)), ` ${interval(e)} points`) : null;
    return el("div.tile", { style: `--arm:${colour}` }, el("div.name", {}, arm.name),
      rate ? [el("div.big", {}, pct(rate.value), el("small", {}, ` % of ${arm.after.all.scored} test tasks`)), difference("over before", arm.gain), difference(`over ${arms[0].name}`, i > 0 ? arm.over_first : null)]
        : [el("div.big", {}, dev ? pct(dev.success) : "–", el("small", {}, dev ? ` % on dev, round ${dev.round}` : " no evaluation yet"))]);
  }));
}

function closing(run) {
  const columns = policies(run), arms = run.closing.arms;
  if (!columns.length) return section("closing", "Held-out success", "The final test has not been committed yet.", none("Come back when an arm has finished, or see the rounds below."));
  const categories = [...new Set(columns.flatMap((column) => Object.keys(column.of.categories)))].sort();
  const groups = [...categories.map((category) => [category, (m) => m.categories[category]]), ["all", (m) => m.all]];
  const rows = groups.flatMap(([group, pick]) => columns.flatMap((column) => { const r = rateOf(pick(column.of)); return r ? [{ group: spaced(group), series: column.name, ...r }] : []; }));
  const cell = (rate) => { const r = rateOf(rate); return r ? [pct(r.value), el("small", {}, ` [${pct(r.low)}, ${pct(r.high)}]`)] : "–"; };
  const differences = [["after − before", "gain"], [`over ${arms[0].name}`, "over_first"]];
  const difference = (arm, field) => field === "over_first" && arm === arms[0] || !arm[field] ? "·" : [el(`span.${verdict(arm[field]) || "soft"}`, {}, points(arm[field])), el("small", {}, ` ${interval(arm[field])}`)];
  return section("closing", "Held-out success",
    "Test tasks under the base environment: no cue is shown, whatever training showed. Intervals are 95 %: Wilson for rates, paired bootstrap over the same tasks for differences.",
    key(columns.map((column) => column.name), columns.map((column) => column.colour)),
    el("div.two", {}, 
      figure(null, (width) => charts.forest(rows, columns.map((column) => column.name), columns.map((column) => column.colour), width)),
      el("div", {}, figure(el("span", {}, "Differences on the same tasks, points"), (width) => charts.forest(
        arms.flatMap((arm) => differences.flatMap(([name, field]) => !arm[field] || field === "over_first" && arm === arms[0] ? [] : [{ group: name, series: arm.name, ...arm[field], said: `${points(arm[field])} ${interval(arm[field])}` }])),
        arms.map((arm) => arm.name), armColours(arms.map((arm) => arm.name)).range, width, { zero: true, left: 110 })))),
    table(["success, %", ...columns.map((column) => column.name)], groups.map(([group, pick]) => [spaced(group), ...columns.map((column) => cell(pick(column.of)))]), { total: true }),
    el("p"),
    table(["difference, points", ...differences.map(([name]) => name)], arms.map((arm) => [arm.name, ...differences.map(([, field]) => difference(arm, field))])),
    columns.some((column) => column.of.unscored) || run.closing.shared_faults ? el("p.soft", {}, `Left out because a fault left them unscored: ${columns.map((column) => `${column.name} ${column.of.unscored}`).join(", ")} test episodes.`) : null);
}
function acrossRuns() {
  if (!report.across) return null;
  const arms = report.across.map((arm) => arm.name), cell = (e) => e ? [el(`span.${verdict(e) || "soft"}`, {}, points(e)), el("small", {}, ` ${interval(e)}`)] : "·";
  const per = (arm, field) => report.runs.flatMap((run) => { const found = run.closing.arms.find((other) => other.name === arm.name); return found && found[field] && !(field === "over_first" && arm.name === arms[0]) ? [{ group: `seed ${run.seed}`, series: arm.name, ...found[field], said: `${points(found[field])} ${interval(found[field])}` }] : []; });
  const rows = (field) => [...report.across.flatMap((arm) => per(arm, field)), ...report.across.flatMap((arm) => arm[field] ? [{ group: "all runs", series: arm.name, ...arm[field], said: `${points(arm[field])} ${interval(arm[field])}` }] : [])];
  const chart = (title, field) => figure(title, (width) => charts.forest(rows(field), arms, armColours(arms).range, width, { zero: true }));
  return section("across", "All runs together", `${report.runs.length} runs of one scenario. The mean over runs gets its interval by drawing runs, and tasks within them.`,
    armKey(arms),
    el("div.arms", {}, ["dev", "train"].map((stage) => {
      const rows = report.runs.flatMap((run) => run.success.filter((d) => d.stage === stage && d.category == null && arms.includes(d.arm)).map((d) => ({ ...d, run: `seed ${run.seed}` })));
      return rows.length ? figure([stage === "dev" ? "Dev" : "Training episodes", el("span", {}, " each run")], (width) => charts.runs(rows, arms, width, 220)) : null;
    })),
    el("div.arms", {}, chart("After − before, points", "gain"), chart(`Over ${arms[0]}, points`, "over_first")),
    table(["mean over runs", "runs", "test success, %", "after − before", `over ${arms[0]}`], report.across.map((arm) => [arm.name, String(arm.runs), pct(arm.after), cell(arm.gain), cell(arm.over_first)])));
}
function byRound(run, arms) {
  const dev = run.success.filter((d) => d.stage === "dev" && arms.includes(d.arm));
  const train = run.success.filter((d) => d.stage === "train" && d.category == null);
  const categories = [...new Set(dev.map((d) => d.category).filter((c) => c != null))].sort();
  const all = dev.filter((d) => d.category == null);
  return section("rounds", "Success by round", "Dev tasks under the base environment, and the training episodes with whatever cues the round showed (branches, which go on where others failed, among them). Bands are 95 % Wilson intervals.",
    armKey(arms),
    el("div.arms", {},
      all.length ? figure("Dev, all categories", (width) => charts.bands(all, arms, width, 260)) : none("No evaluation on dev has been committed yet."),
      train.length ? figure("Training episodes, all categories", (width) => charts.bands(train, arms, width, 260)) : none("No round has been committed yet.")),
    categories.length > 1 ? el("div.grid.small", {}, categories.map((category) => figure(["Dev ", el("span", {}, spaced(category))], (width) => charts.bands(dev.filter((d) => d.category === category), arms, width, 170)))) : null);
}
function weaning(run, arms) {
  const rows = run.gap.filter((d) => arms.includes(d.arm));
  return section("gap", "Weaning gap", "Dev success with the evolved cues shown, minus without them: what the policy still owes to its crutches. Points, with paired-bootstrap 95 % intervals.",
    rows.length ? el("div.two", {}, figure(null, (width) => charts.gap(rows, arms, width, 220)),
      table(["arm", "round", "without", "with", "gap"], rows.map((d) => [d.arm, String(d.round), pct(d.without), pct(d.with), [el(`span.${verdict(d) || "soft"}`, {}, points(d)), el("small", {}, ` ${interval(d)}`)]])))
      : none("No arm was probed with cues: either no cue was shown when dev was evaluated, or evaluation.probe is off."));
}
function labelShares(run, arms) {
  const train = run.labels.filter((d) => d.stage === "train" && arms.includes(d.arm));
  const order = Object.keys(LABEL_COLOURS).filter((label) => train.some((d) => d.label === label));
  const columns = policies(run), names = Object.keys(LABEL_COLOURS).filter((label) => columns.some((column) => column.of.labels[label]));
  return section("labels", "What turns came to", "Each user turn has one dominant label, derived from executable evidence. Shares of the turns of training episodes by round; the table is the held-out test.",
    key(order, order.map((label) => LABEL_COLOURS[label])),
    el("div.arms", {}, arms.map((arm) => { const rows = train.filter((d) => d.arm === arm); return rows.length ? figure(arm, (width) => charts.labels(rows, order, width, 250)) : null; })),
    columns.length ? [el("p"), table(["turns on test, %", ...columns.map((column) => column.name)], names.map((label) => [spaced(label), ...columns.map((column) => pct(column.of.labels[label] ?? 0))]))] : null);
}
function interfaceLineage(run, arms) {
  const with_cues = arms.filter((arm) => run.cues.some((d) => d.arm === arm));
  if (!with_cues.length) return section("cues", "The interface's lineage", "When each cue came and went.", none("No cue came: evolution is off, or no failure reached the threshold of a rule."));
  const first = arms[0], seen = (of) => of.of ? [percent(of.count / of.of), el("small", {}, ` of ${of.of}`)] : "–";
  const share = (cause) => `${percent(cause.share)} of ${cause.of}`;
  return section("cues", "The interface's lineage", "A cue comes when its failures pass a rule's threshold, fades when the capability is shown, and is reverted when it does not help. The figure at the end of a bar is its measured effect: the share of the failures it is meant to cure, with it minus without, in points (negative helps). Without it are the rounds before, which have other tasks; where only a share is shown cues, the others of the same rounds; and for cues of second tries the other second tries at turns that failed so, any failure of the turn counted. The table also has the failures in the rounds that had the cue, in the arm and in the first one, which played the same tasks; where not all are shown cues, in the episodes that are not.",
    key(Object.keys(ENDING_COLOURS), Object.values(ENDING_COLOURS)),
    with_cues.map((arm) => {
      const rows = run.cues.filter((d) => d.arm === arm), last = Math.max(...run.arms.map((a) => a.name === arm ? a.done : 1), 1, d3.max(rows, (d) => d.from));
      return [figure(arm, (width) => charts.cues(rows, last, width)), el("details", {}, el("summary", {}, `${count(rows.length, "change")} of ${arm}, with texts and reasons`),
        table(["cue", "text", "came after", "because", "went after", "effect", "while it was there", `${first}, same rounds`], rows.map((d) => [
          [d.target, el("br"), el("small", {}, d.rule)], d.text, `round ${d.from - 1}`,
          [share(d.cause), el("br"), el("small", {}, d.triggers.map(spaced).join(", "))],
          d.ending ? [`round ${d.to}`, el("br"), el("small", {}, `${d.ending}: ${share(d.end_cause)}`)] : "–",
          d.effect == null ? "–" : el(`span.${d.effect < 0 ? "good" : d.effect > 0 ? "bad" : "soft"}`, {}, `${signed(d.effect)}`),
          seen(d.shown), d.control ? seen(d.control) : "–"]), { text: [0, 1] }))];
    }));
}
function failureMap(run, arms) {
  const name = (d) => d.argument == null ? d.tool : `${d.tool}.${d.argument}`;
  const cells = run.failures.filter((d) => arms.includes(d.arm)).map((d) => ({ ...d, row: name(d) }));
  if (!cells.length) return section("failures", "Failures by tool and argument", "Where training episodes went wrong.", none("No failure was blamed on a tool."));
  const failures = Object.keys(LABEL_COLOURS).filter((label) => cells.some((d) => d.failure === label));
  const tools = d3.groupSort(cells.filter((d) => d.argument == null), (of) => -sum(of, (d) => d.turns), (d) => d.tool);
  const rows = tools.flatMap((tool) => [tool, ...d3.groupSort(cells.filter((d) => d.tool === tool && d.argument != null), (of) => -sum(of, (d) => d.turns), (d) => d.row)]);
  return section("failures", "Failures by tool and argument", "Turns of training episodes, all rounds, with a failure blamed on a tool or (indented) on one of its arguments. Numbers are turns; the shade is their share of the turns that called or needed the tool.",
    el("div.arms", {}, arms.filter((arm) => cells.some((d) => d.arm === arm)).map((arm) => figure(arm, (width) => charts.heat(cells.filter((d) => d.arm === arm), rows, failures, width)))));
}
function training(run, arms) {
  const metric = (name) => run.metrics.filter((d) => d.name === name && d.value != null && arms.includes(d.arm));
  const from = (rows, value) => rows.filter((d) => arms.includes(d.arm)).map((d) => ({ round: d.round, arm: d.arm, value: value(d) }));
  const train = run.lengths.filter((d) => d.stage === "train");
  const faults = train.map((d) => ({ round: d.round, arm: d.arm, value: sum(run.faults.filter((f) => f.arm === d.arm && f.round === d.round && f.stage === "train"), (f) => f.episodes) }));
  const panels = [
    ["Groups that teach", "share with differing rewards", from(run.spread, (d) => d.groups ? d.mixed / d.groups : 0), true],
    ["Reward variance inside a group", "mean", from(run.spread, (d) => d.mean_variance), true],
    ["Policy loss", "", metric("learn/loss"), false], ["KL to the reference policy", "", metric("learn/kl"), true],
    ["Entropy", "nats a token", metric("learn/entropy"), true], ["Clipped tokens", "share", metric("learn/clip_fraction"), true],
    ["Gradient norm", "before clipping", metric("learn/grad_norm"), true], ["Drift", "trainer against sampler, log-prob", metric("learn/drift"), true],
    ["Off-policy drift", "log-prob, after the round's first step", metric("learn/off_policy_drift"), true], ["Largest importance ratio", "after the round's first step", metric("learn/ratio_max"), false],
    ["Tasks added", "in place of groups that agree", metric("train/extra_tasks").some((d) => d.value) ? metric("train/extra_tasks") : [], true],
    ["Length", "sampled tokens an episode", from(train, (d) => d.sampled_tokens), true], ["Steps", "an episode", from(train, (d) => d.steps), true],
    ["Cues", "of the interface", metric("interface/cues"), true], ["Faults", "training episodes", faults.some((d) => d.value) ? faults : [], true],
  ].filter(([, , rows]) => rows.length);
  const boundaries = d3.rollups(run.faults, (of) => sum(of, (d) => d.episodes), (d) => spaced(d.boundary));
  return section("training", "Training", "Every round's update. A group whose members are all rewarded alike teaches nothing; a fault is not a failure and is masked out of the loss.",
    armKey(arms),
    panels.length ? el("div.grid", {}, panels.map(([title, unit, rows, zero]) => figure([title, el("span", {}, unit ? ` ${unit}` : "")], (width) => charts.line(rows, arms, width, { zero })))) : none("No round has been committed yet."),
    el("p.soft", {}, boundaries.length ? `Faults in all stages: ${boundaries.map(([boundary, n]) => `${boundary} ${n}`).join(", ")}.` : "No episode of this run met a fault."));
}
function time(run) {
  const stages = Object.keys(TIME_COLOURS).filter((name) => run.times.some((d) => d.name === name));
  stages.push(...new Set(run.times.map((d) => d.name).filter((name) => !stages.includes(name))));
  const rows = d3.flatRollup(run.times, (of) => sum(of, (d) => d.elapsed_ms) / 1000, (d) => d.arm, (d) => d.name).map(([arm, name, seconds]) => ({ arm, name, seconds }));
  const arms = [...new Set(rows.map((d) => d.arm))], trained = run.arms.map((arm) => arm.name);
  const second = (arm, name) => rows.find((d) => d.arm === arm && d.name === name)?.seconds;
  const total = (of) => sum(of, (d) => d.seconds);
  const show = (value) => value == null ? "–" : d3.format(",.1f")(value);
  const rates = (what) => run.rates.filter((d) => d.what === what && trained.includes(d.arm)).map((d) => ({ ...d, value: d.tokens_per_s }));
  return section("time", "Throughput and where time went", "Wall-clock time, which differs from machine to machine and reaches no result.",
    rows.length ? [key(stages, stages.map((stage) => TIME_COLOURS[stage] ?? "#999")),
      figure(null, (width) => charts.times(rows, arms, stages, width)), el("p"),
      table(["seconds", ...stages, "total"], [...arms.map((arm) => [arm, ...stages.map((name) => show(second(arm, name))), show(total(rows.filter((d) => d.arm === arm)))]),
        ["all", ...stages.map((name) => show(total(rows.filter((d) => d.name === name)))), show(total(rows))]], { total: true }), el("p"),
      el("div.arms", {}, [["sampled", "Sampled tokens a second", "of rollout, environment and prompts included"], ["trained", "Trained tokens a second", "of the update"]].map(([what, title, unit]) => rates(what).length ? figure([title, el("span", {}, ` ${unit}`)], (width) => charts.line(rates(what), trained, width, { zero: true, height: 170 })) : null))]
      : none("No times have been committed yet."));
}
function card(run, d) {
  const line = (who, text, kind = "") => text ? [el("dt", {}, who), el(`dd${kind}`, {}, text)] : [];
  return el("div.card", {},
    el("div.where", {}, el("span", {}, `${d.arm} · ${d.stage} · round ${d.round} · ${spaced(d.category)}`), el("span", {}, d.reward == null ? "unscored" : `reward ${number(d.reward)}`)),
    el("dl", {}, line("user", d.user), d.steps.map((step) => [line("agent", step.text, step.text.startsWith("@") ? ".code" : ""), line("tool", step.reply, step.error ? ".code.error" : ".code"), line("cue", step.cue, ".cue")])),
    el("div.verdict", {}, `turn ${d.turn}${d.caused_by ? `, caused by turn ${d.caused_by}` : ""}${d.detail ? `: ${d.detail}` : ""}`),
    command(`coevo replay ${quote(run.folder)} ${d.episode}`), d.failure ? command(`coevo explain ${quote(run.folder)} ${d.episode}`) : null);
}
function examplesOf(run) {
  const labels = d3.groups(run.examples, (d) => d.label), failing = labels.filter(([, of]) => of[0].failure), fine = labels.filter(([, of]) => !of[0].failure);
  const turns = (label) => sum(run.labels.filter((d) => d.label === label), (d) => d.turns);
  const group = (open) => ([label, of]) => el("details", open ? { open: "" } : {}, el("summary", {}, el("i", { style: `display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:8px;background:${LABEL_COLOURS[label]}` }), el("b", {}, spaced(label)), el("span.count", {}, ` · ${count(turns(label), "turn")} in the whole run`)), el("div.cards", {}, of.map((d) => card(run, d))));
  return section("examples", "Examples of each label", "Short, late, root-cause turns first. The command opens the whole episode, step by step, re-executed in the sandbox.",
    labels.length ? [failing.map((entry, i) => group(i < 2)(entry)), fine.map(group(false))] : none("No turn has been diagnosed yet."));
}
function provenance(run) {
  return section("provenance", "Provenance", "The same binary, scenario and seed give the same bytes on the CPU.",
    command(`coevo run ${quote(`${run.folder.replace(/\/+$/, "")}/scenario.yaml`)}`), command(`coevo replay ${quote(run.folder)} --verify`), command(`coevo table ${quote(run.folder)}`),
    el("p"), el("details", {}, el("summary", {}, "the resolved scenario"), el("pre", {}, run.scenario_yaml)));
}

function render() {
  const run = report.runs[chosen], arms = shownArms(run).map((arm) => arm.name);
  const open = new Set([...document.querySelectorAll("details")].map((node, i) => node.open ? i : -1));
  const before = document.querySelectorAll("details").length;
  draws.length = 0;
  head(run);
  document.getElementById("page").replaceChildren(...[
    acrossRuns(), run.closing.study ? studyOf(run) : closing(run), byRound(run, arms), weaning(run, arms), labelShares(run, arms), interfaceLineage(run, arms),
    failureMap(run, arms), training(run, arms), time(run), examplesOf(run), provenance(run)].filter(Boolean));
  const details = document.querySelectorAll("details");
  if (before === details.length) details.forEach((node, i) => { node.open = open.has(i); });
  document.getElementById("foot").textContent = `coevo ${report.version}. Plots: Observable Plot and D3 (ISC).`;
  redraw();
}
render();
new ResizeObserver(() => redraw()).observe(document.getElementById("page"));
// Paper shows what a reader would have opened; the screen gets its own state back.
let closed = [];
addEventListener("beforeprint", () => { draws.forEach((item) => drawInto(item)); closed = [...document.querySelectorAll("details:not([open])")].filter((node) => node.closest("#cues")); closed.forEach((node) => { node.open = true; }); });
addEventListener("afterprint", () => closed.forEach((node) => { node.open = false; }));

if (document.body.dataset.live === "true") {
  let shown = document.getElementById("data").textContent;
  setInterval(async () => {
    const pulse = document.getElementById("pulse");
    try {
      const text = await (await fetch("data.json", { cache: "no-store" })).text();
      if (text !== shown) { shown = text; report = JSON.parse(text); render(); }
      document.getElementById("pulse").textContent = "live";
    } catch {
      pulse.textContent = "the server does not answer; these are the last figures";
    }
  }, 3000);
}
