#!/usr/bin/env node
// Starts the tools in a process, by the API of its runtime. Loads the whole command for any other subcommand.

import { command } from "./command.ts";
import { tools } from "./tools.ts";

const { end, invocation } = "Deno" in globalThis ? await import("./host_deno.ts") : await import("./host_node.ts");
const ending = await command(invocation(), tools, false);
if (ending === null) await import("./start_whole.ts");
else end(ending);
