// Compares the adapter's declaration of Bun's API with Bun's own types. Only the type checker reads this file.

import type { BunApi } from "../../src/transport/bun.ts";

/** Does not compile if Bun's types have changed. */
export const api: BunApi = Bun;
