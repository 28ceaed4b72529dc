// The whole command: the tools, and the subcommands that Xen does not have.

import { command } from "./command.ts";
import type { Subcommands } from "./context.ts";
import type { Ending, Invocation } from "./invocation.ts";
import { tools } from "./tools.ts";

/** The subcommands, each loaded on demand. */
const subcommands: Subcommands = new Map([
  ...tools,
  ["wait", async () => (await import("./wait.ts")).wait],
  ["tree", async () => (await import("./tree.ts")).tree],
  ["dump", async () => (await import("./dump.ts")).dump],
  ["restore", async () => (await import("./restore.ts")).restore],
  ["diff", async () => (await import("./diff.ts")).diff],
  ["checkpoint", async () => (await import("./checkpoint.ts")).checkpoint],
  ["pool", async () => (await import("./pool.ts")).pool],
  ["find", async () => (await import("./find.ts")).find],
  ["stat", async () => (await import("./stat.ts")).stat],
  ["domains", async () => (await import("./domains.ts")).domains],
  ["shutdown", async () => (await import("./shutdown.ts")).shutdown],
  ["reboot", async () => (await import("./shutdown.ts")).reboot],
  ["suspend", async () => (await import("./shutdown.ts")).suspend],
  ["trace", async () => (await import("./trace.ts")).trace],
  ["top", async () => (await import("./top.ts")).top],
  ["serve", async () => (await import("./serve.ts")).serve],
  ["shell", async () => (await import("./shell.ts")).shell],
  ["tour", async () => (await import("./tour.ts")).tour],
  ["completion", async () => (await import("./completion.ts")).completion],
  ["help", async () => (await import("./help.ts")).help],
  ["version", async () => (await import("./version.ts")).version],
]);

/** The names of the subcommands. */
export const subcommandNames: readonly string[] = [...subcommands.keys()];

/** Runs the command. */
export async function main(invocation: Invocation): Promise<Ending> {
  return await command(invocation, subcommands, true) ?? 0;
}
