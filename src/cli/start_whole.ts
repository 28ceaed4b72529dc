// Starts the whole command in a process. It shares no code with the tools, so that each is one file in the package.

import { main } from "./main.ts";

const { end, invocation } = "Deno" in globalThis ? await import("./host_deno.ts") : await import("./host_node.ts");
end(await main(invocation()));
