/**
 * Between the ABI and the SDK: converts records, and nothing else. The module that componentize-qjs is given. What is imported here runs
 * when the component is built and stays in its memory image.
 */

import * as host from "coevo:env/host@1.0.0";
import { generate, Session, ToolError } from "./coevo_sdk.js";
import env from "../../environment.js";

const log = (text, level = "info") => host.log(level, String(text));
const session = new Session(env, log);
let profile = "";

/** The top 53 of 64 bits: numbers hold no more. */
const draw = () => Math.floor(host.randomU64() / 2 ** 11) / 2 ** 53;

// What a machine's clock and generator say is no part of an episode: they are the episode's.
const BEGIN = Date.UTC(2026, 0, 1);
const RealDate = Date;
const now = () => BEGIN + (Session.current?.nowMs ?? 0);
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, as) => Reflect.construct(target, args.length ? args : [now()], as),
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
});
Math.random = () => {
  if (!Session.current) throw new Error("there is no chance outside of a tool call: use rng");
  return Session.current.draw();
};
const line = (level) => (...parts) => log(parts.map(String).join(" "), level);
globalThis.console = { log: line("info"), info: line("info"), debug: line("debug"), warn: line("warn"), error: line("error") };

/** An error of the author's code: the export's own where the ABI has one, else told to the log before it ends the instance. */
function told(run, hasError) {
  try {
    return run();
  } catch (error) {
    if (error instanceof Refusal) throw error.value;
    if (hasError) throw String(error?.message ?? error);
    log(`${error?.stack ?? ""}\n${error?.name}: ${error?.message}`, "error");
    throw error;
  }
}

class Refusal {
  constructor(value) {
    this.value = value;
  }
}

const callOut = (call) => ({ name: call.name, arguments: JSON.stringify(call.arguments) });

function callIn(call) {
  try {
    return { name: call.name, arguments: JSON.parse(call.arguments) };
  } catch {
    // A rejected call may have arguments that are no JSON; it counts as an attempt and is never replayed.
    return { name: call.name, arguments: {} };
  }
}

function taskOut(task) {
  const message = (turn) => (turn.user === null ? { tag: "simulated" } : { tag: "scripted", val: turn.user });
  return {
    ...task,
    turns: task.turns.map((turn) => ({ message: message(turn), offered: turn.offered })),
    reference: task.turns.map((turn) => ({ calls: turn.calls.map(callOut), answer: turn.answer, mentions: turn.mentions })),
  };
}

function taskIn(task) {
  const turns = task.turns.map((turn, at) => ({
    user: turn.message.tag === "scripted" ? turn.message.val : null,
    offered: turn.offered,
    ...task.reference[at],
    calls: task.reference[at].calls.map(callIn),
  }));
  return { ...task, turns };
}

/** JSON text as bytes: ASCII, with every other character escaped. */
function toBytes(text) {
  const ascii = text.replace(/[^\x00-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const bytes = new Uint8Array(ascii.length);
  for (let at = 0; at < ascii.length; at++) bytes[at] = ascii.charCodeAt(at);
  return bytes;
}

function fromBytes(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode.apply(null, bytes.slice(at, at + 4096));
  return text;
}

export const guest = {
  describe: () => ({
    name: env.name,
    version: env.version,
    summary: env.summary,
    tools: env.tools.map((tool) => ({
      name: tool.name,
      description: tool.doc,
      arguments: JSON.stringify(tool.schema),
      result: JSON.stringify(tool.returns),
      errors: Object.entries(tool.errors).map(([code, description]) => ({ code, description })),
      preconditions: tool.pre,
      side: tool.side,
      mutates: tool.mutates,
    })),
    splits: Object.entries(env.splits).map(([name, tasks]) => ({ name, tasks })),
    categories: env.categories,
    rewardMin: env.reward[0],
    rewardMax: env.reward[1],
  }),
  generate: (split, index, seed) => told(() => taskOut(generate(env, split, index, seed)), true),
  importTask: (data) =>
    told(() => {
      if (!env.importTask) throw new Error("this environment imports no tasks");
      return taskOut(env.importTask(data));
    }, true),
  reset: (text) => told(() => session.reset(text), true),
  resetUser: (text) => {
    profile = text;
  },
  nextUser: (turn, conversation) =>
    told(() => {
      if (!env.nextUser) throw new Error("every turn of this environment is scripted");
      const event = env.nextUser(profile, turn, conversation);
      return { ...event, calls: (event.calls ?? []).map(callOut), done: event.done ?? false };
    }, true),
  call: (name, text, side) =>
    told(() => {
      try {
        let args;
        try {
          args = JSON.parse(text);
        } catch (error) {
          throw new ToolError("wrong_type", error.message);
        }
        return JSON.stringify(session.call(name, args, side, draw));
      } catch (error) {
        if (!(error instanceof ToolError)) throw error;
        const details = error.details === null ? "" : JSON.stringify(error.details);
        throw new Refusal({ code: error.code, message: error.message, details });
      }
    }, false),
  stateHash: () => session.hash(),
  state: () => session.shown(),
  snapshot: () => told(() => toBytes(session.snapshot()), true),
  restore: (bytes) => told(() => session.restore(fromBytes(bytes)), true),
  verify: (task, turns) =>
    told(() => {
      const records = turns.map((turn) => ({ ...turn, calls: turn.calls.map((made) => ({ ...made, call: callIn(made.call) })) }));
      return env.verify(taskIn(task), records, draw);
    }, true),
};
