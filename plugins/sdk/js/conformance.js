/** The tests that every environment should pass, natively: `promises(environment)` gives [name, function] pairs for `node:test`. */

import { canonical, generate, Rng, Session, ToolError } from "./coevo_sdk.js";

function equal(have, want, what) {
  if (canonical(have) !== canonical(want)) throw new Error(`${what}: ${canonical(have)} should be ${canonical(want)}`);
}

/** Some tasks of each split, spread over it. */
function tasks(env, each = 40) {
  const out = [];
  for (const [split, count] of Object.entries(env.splits)) {
    for (let at = 0; at < count; at += Math.max(1, Math.floor(count / each))) out.push(generate(env, split, at, 1), generate(env, split, at, 2));
  }
  return out;
}

const stream = (task) => {
  const rng = Rng.keyed("conformance", task.id);
  return () => rng.next();
};

/** A call; an error must be declared and change nothing, a tool that does not mutate must change nothing. */
function attempt(env, session, call, draw) {
  const tool = env.tool(call.name);
  const before = canonical(session.state);
  try {
    session.call(call.name, call.arguments, "agent", draw);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    if (![...Object.keys(tool.errors), "missing_argument", "wrong_type"].includes(error.code)) throw new Error(`${call.name} does not declare ${error.code}`);
    if (canonical(session.state) !== before) throw new Error(`${call.name} changes the state and throws`);
    return "tool-error";
  }
  if (!tool.mutates && canonical(session.state) !== before) throw new Error(`${call.name} changes the state: mutates: true`);
  return "executed";
}

/** A record of the reference's calls and answers, or of other calls with its answers. */
function played(env, task, plan = task.turns.map((turn) => turn.calls)) {
  const [session, draw] = [new Session(env), stream(task)];
  session.reset(task.initialState);
  return task.turns.map((turn, at) => ({
    calls: plan[at].map((call) => ({ call, status: attempt(env, session, call, draw), side: "agent" })),
    answer: turn.answer,
  }));
}

export function promises(env) {
  const most = env.reward[1];
  const reward = (task, turns) => env.verify(task, turns, stream(task)).reward;
  return [
    ["generation is a function of split, index and seed", () => equal(tasks(env), tasks(env), "tasks")],
    ["the reference solves every task", () => tasks(env).forEach((task) => equal(reward(task, played(env, task)), most, task.id))],
    ["doing nothing solves none", () => {
      for (const task of tasks(env)) {
        const idle = task.turns.map((turn) => ({ calls: [], answer: turn.answer }));
        if (task.turns.some((turn) => turn.calls.length) && reward(task, idle) >= most) throw new Error(task.id);
      }
    }],
    ["a call left out is noticed", () => {
      for (const task of tasks(env, 10)) {
        task.turns.forEach((turn, at) => turn.calls.forEach((call, place) => {
          if (!env.tool(call.name).mutates) return;
          const plan = task.turns.map((turn) => [...turn.calls]);
          plan[at].splice(place, 1);
          if (reward(task, played(env, task, plan)) >= most) throw new Error(`${task.id}, turn ${at + 1}: ${call.name} left out`);
        }));
      }
    }],
    ["copies are equal", () => {
      for (const task of tasks(env, 10)) {
        const [session, copy, draw] = [new Session(env), new Session(env), stream(task)];
        session.reset(task.initialState);
        for (const call of task.turns.flatMap((turn) => turn.calls)) {
          copy.restore(session.snapshot());
          equal([copy.snapshot(), copy.hash()], [session.snapshot(), session.hash()], task.id);
          attempt(env, session, call, draw);
        }
      }
    }],
  ];
}
