// A study (a scenario with seeds): its section, and which of its arms the sections below show.
"use strict";
let chosenSeed = 0;

/** The arms that the page shows one by one: all of them, or of a study those of one seed. */
function shownArms(run) {
  const study = run.closing.study;
  if (!study) return run.closing.arms;
  const suffix = `.s${study.seeds[Math.min(chosenSeed, study.seeds.length - 1)]}`;
  return run.closing.arms.filter((arm) => arm.name.endsWith(suffix));
}
const seedsOf = (run) => run.closing.study ? `seeds ${run.closing.study.seeds.join(", ")}` : `seed ${run.seed}`;
/** How far a run is, in words. */
function stateOf(run) {
  if (run.finished) return "finished";
  if (!run.closing.study) return run.arms.map((arm) => `${arm.name} ${arm.done}/${arm.rounds}`).join(", ");
  const tested = run.closing.arms.filter((arm) => arm.after).length, under_way = run.arms.filter((arm) => arm.done > 0 && arm.done < arm.rounds);
  return `${tested} of ${run.arms.length} arms tested${under_way.length ? `; ${under_way.map((arm) => `${arm.name} ${arm.done}/${arm.rounds}`).join(", ")}` : ""}`;
}

function studyOf(run) {
  const study = run.closing.study;
  const tested = [["before", study.before], ...study.families.map((family) => [family.name, family.after])].filter(([, of]) => of);
  const share = (e) => e ? [pct(e.value), el("small", {}, ` [${pct(e.low)}, ${pct(e.high)}]`)] : "–";
  const difference = (e) => e ? [el(`span.${verdict(e) || "soft"}`, {}, points(e)), el("small", {}, ` ${interval(e)}`)] : "–";
  const said = (e) => `${points(e)} ${interval(e)}`;
  const over = study.families.filter((family) => family.subject_minus).map((family) => ({ group: family.name, series: `${study.subject} − arm`, ...family.subject_minus, said: said(family.subject_minus) }));
  const gains = study.families.filter((family) => family.gain).map((family) => ({ group: family.name, series: "after − before", ...family.gain, said: said(family.gain) }));
  const forest = (title, rows, colour) => rows.length ? figure(title, (width) => charts.forest(rows, [rows[0].series], [colour], width, { zero: true, left: 120 })) : null;
  const chosen = study.select === "best_dev" ? "each arm's best policy on dev" : "each arm's last policy";
  const rounds = [...new Set(study.families.flatMap((family) => family.dev.map(([round]) => round)))].sort((a, b) => a - b);
  return section("closing", "Held-out success over seeds",
    `${study.families.length} arms under ${seedsOf(run)}; tested is ${chosen} on test tasks under the base environment, without cues. Means over seeds and tasks; intervals are 95 %, from ${study.resamples} bootstrap resamples of seeds and of tasks; differences are taken between results under the same seed on the same task.`,
    el("div.two", {}, forest(`${study.subject} − arm, points`, over, "#2f74e0"), forest("After − before, points", gains, "#8a929c")),
    table(["success, %", ...study.categories.map(spaced), "all", "seeds"], tested.map(([name, of]) => [name, ...study.categories.map((category) => share(of.categories[category])), share(of.all), String(of.seeds)])),
    el("p"),
    table(["points", "after − before", `${study.subject} − arm`, "weaning gap at the end", "rollouts a seed", "rounds chosen"], study.families.map((family) => [
      family.name, difference(family.gain), family.name === study.subject ? "·" : difference(family.subject_minus),
      family.gap ? [...difference(family.gap), family.gap.seeds < study.seeds.length ? el("small", {}, ` of ${count(family.gap.seeds, "seed")}`) : ""] : "not probed", d3.format(",")(family.rollouts), family.selected.join(" ")])),
    el("p"),
    study.families.some((family) => family.second_tries) ? table(["second tries that passed, %", "with the cues", "of", "without", "of"], study.families.filter((family) => family.second_tries).map((family) => [
      family.name, ...["with", "without"].flatMap((side) => { const { passed, of } = family.second_tries[side]; return [of ? pct(passed / of) : "–", d3.format(",")(of)]; })])) : null,
    el("p"),
    study.levels.length ? table(["rollouts until dev success reached", ...study.levels.map((level) => `${(100 * level).toFixed(0)} %`)], study.families.map((family) => [
      family.name, ...family.reached.map((reached) => [reached.median == null ? "never" : d3.format(",")(reached.median), el("small", {}, ` ${reached.seeds} of ${reached.of} seeds`)])])) : null,
    el("p"),
    study.elsewhere.length ? table(["never trained on", ...study.elsewhere.flatMap((env) => [`${env}, %`, "after − before"])], tested.map(([name, of]) => [
      name, ...study.elsewhere.flatMap((env) => [share(of.elsewhere[env]), name === "before" ? "" : difference(study.families.find((family) => family.name === name).gain_elsewhere[env])])])) : null,
    el("p"),
    rounds.length ? table(["dev by round, %", ...rounds.map(String)], study.families.map((family) => [family.name, ...rounds.map((round) => { const found = family.dev.find(([at]) => at === round); return found ? pct(found[1]) : "–"; })])) : null,
    el("p.lead", {}, "The sections below show the arms of one seed:"),
    el("div.runs", { role: "group", "aria-label": "seed" }, study.seeds.map((seed, i) => el("button", { type: "button", "aria-pressed": String(i === chosenSeed), onclick: () => { chosenSeed = i; render(); } }, `seed ${seed}`))));
}
