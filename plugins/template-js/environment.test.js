/** The promises that every environment makes; keep them in every copy. Run with `node --test`. */

import test from "node:test";
import { promises } from "./sdk/js/conformance.js";
import env from "./environment.js";

for (const [name, check] of promises(env)) test(name, check);
