#!/usr/bin/env node
// Starts the command in a process, by the API of its runtime.

import { main } from "./main.ts";

const { end, invocation } = "Deno" in globalThis ? await import("./host_deno.ts") : await import("./host_node.ts");
end(await main(invocation()));
