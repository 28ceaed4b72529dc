// Holds what the adapter declares of Bun's API against Bun's own types: only the type checker reads this.

import type { BunApi } from "../../src/transport/bun.ts";

/** Does not compile where Bun's types have moved on. */
export const api: BunApi = Bun;
