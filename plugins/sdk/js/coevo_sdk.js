/**
 * Coevo environments in JavaScript: describe one with `environment({…})` in `environment.js`, and export it as the default.
 *
 * The SDK supplies what is the same for every environment: argument checks, snapshots and the state hash, the script that runs the
 * reference solution while a task is written, verification by re-execution. The state is one JSON value. Everything here is ordinary
 * JavaScript that runs in node, too; only `coevo_guest.js` needs the sandbox. `README.md` explains it.
 */

/** What a tool answers instead of a result: `throw new ToolError("unknown_item", "no item 7", { id: 7 })`. */
export class ToolError extends Error {
  constructor(code, message, details = null) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** JSON text that is equal for equal values, whatever the order of their keys. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item ?? null)).join()}]`;
  if (value && typeof value === "object") {
    const fields = Object.keys(value).sort().filter((key) => value[key] !== undefined);
    return `{${fields.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join()}}`;
  }
  return JSON.stringify(value ?? null);
}

/** 128 bits of a text, as four numbers: MurmurHash3's finish over two passes (cyrb128). Not cryptographic. */
function digest(text) {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    a = b ^ Math.imul(a ^ unit, 597399067);
    b = c ^ Math.imul(b ^ unit, 2869860233);
    c = d ^ Math.imul(c ^ unit, 951274213);
    d = a ^ Math.imul(d ^ unit, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  return [a ^ b ^ c ^ d, b ^ a, c ^ a, d ^ a].map((word) => word >>> 0);
}

/** 53 bits of a state: numbers hold no more. Two characters a step, because this is interpreted and states may be long. */
export function hash(value) {
  const text = canonical(value);
  let [a, b] = [0x811c9dc5 ^ text.length, 0x9e3779b9];
  for (let at = 0; at < text.length; at += 2) {
    // Beyond the end there is NaN, which counts as nothing.
    const unit = text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 16);
    a = Math.imul(((a << 13) | (a >>> 19)) ^ unit, 0x9e3779b1);
    b = Math.imul((b + unit) ^ (a >>> 15), 0x85ebca6b);
  }
  a = Math.imul(a ^ (a >>> 16), 0xc2b2ae35) ^ (b >>> 13);
  b = Math.imul(b ^ (b >>> 16), 0x27d4eb2f) ^ (a >>> 15);
  return (a & 0x1fffff) * 2 ** 32 + (b >>> 0);
}

/** A random stream. `draw` gives a number in [0, 1). */
export class Rng {
  constructor(draw) {
    this.next = draw;
  }

  /** A stream that depends on the key alone (sfc32). */
  static keyed(...key) {
    let [a, b, c, d] = digest(key.join(":"));
    const word = () => {
      const sum = (a + b + d) | 0;
      d = (d + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      return sum >>> 0;
    };
    for (let warm = 0; warm < 12; warm++) word();
    return new Rng(() => (word() * 2 ** 21 + (word() >>> 11)) / 2 ** 53);
  }

  /** A whole number from low to high, both included. */
  range(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick(items) {
    return items[this.range(0, items.length - 1)];
  }

  /** `count` different items. */
  sample(items, count) {
    const left = [...items];
    return Array.from({ length: count }, () => left.splice(this.range(0, left.length - 1), 1)[0]);
  }
}

const KINDS = {
  string: (value) => typeof value === "string",
  integer: Number.isInteger,
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: (value) => value !== null && typeof value === "object" && !Array.isArray(value),
  null: (value) => value === null,
};

/** The first thing that does not fit a schema, as [place, what is expected]; of JSON Schema the parts that arguments need. */
function misfit(value, schema, place) {
  const kinds = [schema.type ?? []].flat();
  if (kinds.length && !kinds.some((kind) => KINDS[kind](value))) return [place, `of type ${kinds.join(" or ")}`];
  if (schema.enum && !schema.enum.includes(value)) return [place, `one of ${schema.enum.join(", ")}`];
  if (value < schema.minimum || value > schema.maximum) return [place, `${schema.minimum ?? "…"} to ${schema.maximum ?? "…"}`];
  if (schema.pattern && !new RegExp(schema.pattern, "u").test(value)) return [place, `text that matches ${schema.pattern}`];
  for (const [at, item] of Array.isArray(value) && schema.items ? value.entries() : []) {
    const wrong = misfit(item, schema.items, `${place}[${at}]`);
    if (wrong) return wrong;
  }
  return null;
}

/** An argument may be left out where its schema says `optional: true`, which is no part of JSON Schema. */
const isOptional = (schema) => schema.optional === true;

function objectSchema(fields, closed) {
  const properties = {};
  for (const [name, { optional, ...schema }] of Object.entries(fields)) properties[name] = schema;
  const required = Object.keys(fields).filter((name) => !isOptional(fields[name]));
  return { type: "object", properties, required, ...(closed ? { additionalProperties: false } : {}) };
}

/** Checks the description of an environment, and fills in what may be left out. */
export function environment(given) {
  const env = { categories: ["base"], reward: [0, 1], ...given };
  const wrong = (problem) => {
    throw new TypeError(`environment: ${problem}`);
  };
  for (const key of ["name", "version", "summary", "splits", "tools", "generate"]) if (!env[key]) wrong(`has no \`${key}\``);
  env.tools = Object.entries(env.tools).map(([name, tool]) => {
    if (!tool.doc) wrong(`tool ${name} has no \`doc\`: it is what the agent is told`);
    if (typeof tool.run !== "function") wrong(`tool ${name} has no \`run\``);
    const { doc, args = {}, returns = {}, errors = {}, pre = [], mutates = false, side = "agent", run } = tool;
    return { name, doc, args, errors, pre: [pre].flat(), mutates, side, run, schema: objectSchema(args, true), returns: objectSchema(returns, false) };
  });
  env.tool = (name) => env.tools.find((tool) => tool.name === name);
  env.verify ??= (task, turns, draw) => verify(env, task, turns, draw);
  return env;
}

/** One episode: the state, and what is derived from it. */
export class Session {
  constructor(env, log = () => {}) {
    Object.assign(this, { env, log, state: null, calls: 0, begun: false });
  }

  reset(text) {
    Object.assign(this, { state: JSON.parse(text), calls: 0, begun: true });
  }

  /** Runs a tool; throws ToolError. A tool that throws one leaves the state as it was. `draw` is the episode's stream. */
  call(name, args, side, draw) {
    if (!this.begun) throw new ToolError("no_episode", "no episode: reset was not called");
    const tool = this.env.tool(name);
    if (!tool) throw new ToolError("unknown_tool", `no tool ${name}`, { tool: name });
    this.check(tool, args);
    const before = tool.mutates ? JSON.stringify(this.state) : null;
    const context = { state: this.state, random: new Rng(draw), nowMs: this.calls++, side, log: this.log };
    Session.current = { draw, nowMs: context.nowMs };
    try {
      const result = tool.run(context, args) ?? {};
      this.state = context.state;
      // As it will be read: no value that JSON does not have.
      return JSON.parse(JSON.stringify(result));
    } catch (error) {
      if (error instanceof ToolError && before !== null) this.state = JSON.parse(before);
      throw error;
    } finally {
      Session.current = null;
    }
  }

  check(tool, args) {
    if (!KINDS.object(args)) throw new ToolError("wrong_type", "arguments must be an object");
    for (const name of Object.keys(args)) {
      if (!Object.hasOwn(tool.args, name)) throw new ToolError("wrong_type", `${name} is no argument`, { argument: name });
    }
    for (const [name, schema] of Object.entries(tool.args)) {
      if (Object.hasOwn(args, name)) {
        const [place, expected] = misfit(args[name], schema, name) ?? [];
        if (place) throw new ToolError("wrong_type", `${place} must be ${expected}`, { argument: name, expected });
      } else if (!isOptional(schema)) {
        throw new ToolError("missing_argument", `${name} is required`, { argument: name });
      }
    }
  }

  hash() {
    return this.begun ? hash(this.state) : 0;
  }

  shown() {
    return JSON.stringify(this.begun ? this.state : null);
  }

  snapshot() {
    if (!this.begun) throw new Error("no episode: reset was not called");
    return JSON.stringify([this.calls, this.state]);
  }

  restore(text) {
    const [calls, state] = JSON.parse(text);
    Object.assign(this, { state, calls, begun: true });
  }
}

/** The task at `index` of a split, a function of its arguments. */
export function generate(env, split, index, seed) {
  if (!(index < (env.splits[split] ?? 0))) throw new Error(`no task ${index} in ${split}`);
  const task = env.generate(split, index, Rng.keyed(split, index, seed));
  return { id: `${env.name}:${split}:${index}:${seed}`, ...task };
}

/** A task in the making: runs the reference calls as it is written, and throws what is wrong, with the turn. */
export class Script {
  constructor(env, state) {
    Object.assign(this, { env, initial: JSON.stringify(state), turns: [], withheld: new Set(), draws: Rng.keyed("script") });
    this.session = new Session(env);
    this.session.reset(this.initial);
  }

  get state() {
    return this.session.state;
  }

  wrong(problem) {
    return new Error(`turn ${this.turns.length}: ${problem}`);
  }

  /** From the next turn on, the tool is not offered. */
  withhold(name) {
    if (!this.env.tool(name)) throw this.wrong(`withhold: no tool ${name}`);
    this.withheld.add(name);
    return this;
  }

  release(name) {
    this.withheld.delete(name);
    return this;
  }

  turn(user) {
    const offered = this.env.tools.filter((tool) => tool.side === "agent" && !this.withheld.has(tool.name));
    this.turns.push({ user, offered: offered.map((tool) => tool.name), calls: [], answer: "", mentions: [] });
    return this;
  }

  get last() {
    if (!this.turns.length) throw this.wrong("comes before the first `turn`");
    return this.turns[this.turns.length - 1];
  }

  /** A reference call; returns its result. */
  call(name, args = {}) {
    if (!this.last.offered.includes(name)) throw this.wrong(`${name} is called and not offered`);
    this.last.calls.push({ name, arguments: args });
    try {
      return this.session.call(name, args, "agent", () => this.draws.next());
    } catch (error) {
      throw this.wrong(`${name} ${JSON.stringify(args)}: ${error.message}`);
    }
  }

  answer(text) {
    this.last.answer = text;
    return this;
  }

  /** The answer must contain one of these, whatever its case. */
  mention(...alternatives) {
    const words = alternatives.map(String);
    if (!mentions(this.last.answer, words)) throw this.wrong(`the reference answer mentions none of ${words}`);
    this.last.mentions.push(words);
    return this;
  }

  finish(scenario, category = "base", system = "") {
    const mute = this.turns.findIndex((turn) => !turn.answer.trim());
    if (!this.turns.length || mute >= 0) throw this.wrong(mute < 0 ? "a task without turns" : `turn ${mute + 1} has no answer`);
    return { scenario, category, system, initialState: this.initial, turns: this.turns, userProfile: "", label: "" };
  }
}

const mentions = (answer, words) => words.some((word) => answer.toLowerCase().includes(word.toLowerCase()));

/**
 * Judges a finished episode by re-execution: the reference and the agent side by side, on one random stream. A turn whose reference
 * makes no call passes if the agent attempted none; any other if the states are equal afterwards and every result that the reference
 * got from a tool that does not change the state is among all results that the agent has had. The answer must have the mentions.
 */
function verify(env, task, turns, draw) {
  if (turns.length > task.turns.length) throw new Error(`${turns.length} turns were played, the task has ${task.turns.length}`);
  const tape = [];
  const replica = () => {
    const session = new Session(env);
    session.reset(task.initialState);
    let at = 0;
    const next = () => {
      if (at === tape.length) tape.push(draw());
      return tape[at++];
    };
    const run = (call, side) => {
      try {
        return canonical(session.call(call.name, call.arguments, side, next));
      } catch (error) {
        if (error instanceof ToolError) return null;
        throw error;
      }
    };
    return { session, run };
  };
  const [reference, agent, seen] = [replica(), replica(), []];
  const verdicts = task.turns.map((wanted, at) => {
    const record = turns[at] ?? { calls: [], answer: null };
    const made = record.calls.filter((call) => call.status !== "rejected");
    made.filter((each) => each.side === "user").forEach((each) => reference.run(each.call, "user"));
    const needed = [];
    for (const call of wanted.calls) {
      const result = reference.run(call, "agent");
      if (result !== null && !env.tool(call.name).mutates) needed.push(result);
    }
    for (const each of made) {
      const result = agent.run(each.call, each.side);
      if (result !== null && each.side === "agent") seen.push(result);
    }
    return judge(reference.session.state, agent.session.state, wanted, record, needed, seen);
  });
  return { reward: verdicts.every((verdict) => !verdict.failure) ? 1 : 0, turns: verdicts };
}

function judge(want, have, wanted, record, needed, seen) {
  const fail = (failure, detail) => ({ failure, detail });
  const attempts = record.calls.filter((each) => each.side === "agent");
  if (wanted.calls.length) {
    const left = [...seen];
    const missing = needed.find((value) => !(left.includes(value) && left.splice(left.indexOf(value), 1)));
    const out = [];
    const apart = canonical(want) !== canonical(have);
    const instances = apart && differences("", want, have, 0, out);
    if (!attempts.length && (apart || missing !== undefined)) return fail("empty-turn", `${wanted.calls[0].name} was needed`);
    if (apart) return fail(instances ? "instance-mismatch" : "state-mismatch", out.join("; "));
    if (missing !== undefined) return fail("response-mismatch", `never obtained ${missing}`);
  } else if (attempts.length) {
    return fail("spurious-call", `${attempts[0].call.name} was called, no call was wanted`);
  }
  if (record.answer === null || record.answer === undefined) return fail("response-mismatch", "no answer");
  const unmet = wanted.mentions.find((words) => !mentions(record.answer, words));
  return unmet ? fail("response-mismatch", `the answer mentions none of ${unmet}`) : { failure: null, detail: "" };
}

/** Lists where two states differ; whether an object of a collection directly under the root is on one side only. */
function differences(path, want, have, depth, out) {
  if (canonical(want) === canonical(have) || out.length >= 6) return false;
  const nested = (value) => value !== null && typeof value === "object";
  if (!nested(want) || !nested(have) || Array.isArray(want) !== Array.isArray(have)) {
    out.push(`${path} should be ${canonical(want)}, is ${canonical(have)}`);
    return false;
  }
  let instances = false;
  for (const key of new Set([...Object.keys(want), ...Object.keys(have)])) {
    const here = `${path}/${key}`;
    if (Object.hasOwn(want, key) && Object.hasOwn(have, key)) {
      instances = differences(here, want[key], have[key], depth + 1, out) || instances;
    } else {
      instances ||= depth === 1;
      out.push(Object.hasOwn(want, key) ? `${here} should be ${canonical(want[key])}, is absent` : `${here} should be absent`);
    }
  }
  return instances;
}
