// The Python programs of the examples and their ports print the same, and leave the same store.

import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { Players } from "../compat/players.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { timeout } from "../support/limits.ts";

const examples = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "examples", "ported");
type Program = (name: string, args: readonly string[], socket: string) => Promise<string>;

function python(name: string, args: readonly string[], socket: string): Promise<string> {
  const env = { ...process.env, PYTHONPATH: "/usr/lib/xen-4.17/lib/python", XENSTORED_PATH: socket };
  const child = spawn("/usr/bin/python3", [join(examples, `${name}.py`), ...args], { env });
  let output = "";
  child.stdout.on("data", (data) => output += data);
  child.stderr.on("data", (data) => output += data);
  return new Promise((resolve) => child.on("close", () => resolve(output)));
}

/** All nodes of a store, as text. */
async function contents(store: Client): Promise<string[]> {
  const nodes: string[] = [];
  for await (const { path, value } of store.walk("/")) {
    nodes.push(`${path} ${new TextDecoder().decode(value ?? new Uint8Array())}`);
  }
  return nodes.sort();
}

withPeers("ported programs", () => {
  describe("ported programs", () => {
    const players = new Players("examples/ported/registry.ts", "examples/ported/shutdown.ts");
    after(() => players[Symbol.dispose]());
    const ported: Program = (name, args, socket) => players.run(name, args, { XENSTORED_PATH: socket });

    async function registry(program: Program): Promise<unknown> {
      await using store = await startXenstored();
      const first = await program("registry", ["ann", "bob", "no name", "ann"], store.socket);
      const second = await program("registry", ["cid", "bob"], store.socket);
      await using client = await connect(`unix:${store.socket}`);
      return [first, second, await contents(client)];
    }

    async function shutdown(program: Program): Promise<unknown> {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      const home = "/local/domain/3";
      const output = program("shutdown", [home], store.socket);
      await client.waitFor(`${home}/control/feature-poweroff`, (value) => value !== null);
      for (const [node, value] of [["ping", "1"], ["shutdown", "reboot"], ["ping", "2"], ["shutdown", "poweroff"]]) {
        await client.write(`${home}/control/${node}`, `${value}`);
        await client.waitFor(`${home}/control/${node}`, (value) => value?.length === 0);
      }
      return [await output, await contents(client)];
    }

    for (const [name, run] of [["registry", registry], ["shutdown", shutdown]] as const) {
      test(`the example ${name} prints and stores the same in Python and TypeScript`, { timeout }, async () => {
        const [theirs, ours] = [await run(python), await run(ported)];
        assertEquals(ours, theirs);
      });
    }
  });
});
