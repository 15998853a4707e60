/**
 * `todo`: the smallest complete environment. A state, three tools, tasks with a reference solution; the SDK does the rest (argument checks,
 * snapshots, state hash, verification by re-execution, the ABI). Change it part by part.
 */

import { environment, Script, ToolError } from "./sdk/js/coevo_sdk.js";

const THINGS = ["apples", "stamps", "lamps", "candles", "pens", "eggs", "cups", "nails"];

/** Arguments and results are JSON Schemas, by name. */
const ID = { type: "integer", minimum: 1, maximum: 99, description: "id of an item" };
const ITEM = {
  type: "object",
  properties: { id: { type: "integer" }, text: { type: "string" }, done: { type: "boolean" } },
  required: ["id", "text", "done"],
};

function find(state, id) {
  const item = state.items.find((item) => item.id === id);
  if (!item) throw new ToolError("unknown_item", `no item ${id}`, { id });
  return item;
}

const env = environment({
  name: "todo",
  version: "1.0.0",
  summary: "A list of things to do.",
  splits: { train: 400, dev: 100, test: 400 },

  // What the agent can do. A tool that throws a ToolError leaves the state as it was.
  tools: {
    list_items: {
      doc: "everything on the list",
      returns: { items: { type: "array", items: ITEM } },
      run: ({ state }) => ({ items: state.items }),
    },
    add_item: {
      doc: "put something on the list",
      mutates: true,
      args: { text: { type: "string", description: "a few words" } },
      returns: { id: { type: "integer" } },
      run({ state }, { text }) {
        const id = Math.max(0, ...state.items.map((item) => item.id)) + 1;
        state.items.push({ id, text, done: false });
        return { id };
      },
    },
    finish_item: {
      doc: "tick something off",
      mutates: true,
      pre: "The item must be on the list and not done.",
      args: { id: ID },
      returns: { left: { type: "integer" } },
      errors: { unknown_item: "no item has this id", already_done: "the item is done already" },
      run({ state }, { id }) {
        const item = find(state, id);
        if (item.done) throw new ToolError("already_done", `item ${id} is done already`, { id });
        item.done = true;
        return { left: state.items.filter((item) => !item.done).length };
      },
    },
  },

  // One task. The script runs the reference calls as it is written, so results can be used at once.
  generate(split, index, rng) {
    const drawn = rng.sample(THINGS, 5).map((thing) => `${rng.range(2, 99)} ${thing}`);
    const onList = drawn.slice(0, rng.range(2, 4));
    const [bought, added] = [rng.pick(onList), drawn[4]];
    const script = new Script(env, { items: onList.map((text, at) => ({ id: at + 1, text, done: false })) });

    script.turn(`I bought ${bought}. What is left?`);
    const { items } = script.call("list_items");
    const { left } = script.call("finish_item", { id: items.find((item) => item.text === bought).id });
    script.answer(`${left} things are left.`).mention(left);

    script.turn(`Put ${added} on the list.`);
    script.call("add_item", { text: added });
    script.answer("Done.");

    // Tasks that share a scenario must stay in one split.
    return script.finish(`${split}-${index}`, "base", "You keep a list of things to do.");
  },
});

export default env;
