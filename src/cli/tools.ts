// The subcommands that Xen has as tools of their own.

import type { Subcommands } from "./context.ts";

/** The tools, each loaded on demand. */
export const tools: Subcommands = new Map([
  ["read", async () => (await import("./read.ts")).read],
  ["write", async () => (await import("./write.ts")).write],
  ["rm", async () => (await import("./rm.ts")).rm],
  ["exists", async () => (await import("./exists.ts")).exists],
  ["list", async () => (await import("./list.ts")).list],
  ["ls", async () => (await import("./ls.ts")).ls],
  ["chmod", async () => (await import("./chmod.ts")).chmod],
  ["watch", async () => (await import("./watch.ts")).watch],
  ["control", async () => (await import("./control.ts")).control],
]);
