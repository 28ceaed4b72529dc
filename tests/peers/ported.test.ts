// The Python programs of the examples and their ports print the same, and leave the same store.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { Players } from "../compat/players.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { timeout } from "../support/limits.ts";
import { inDirectory } from "../support/socket.ts";

const examples = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "examples", "ported");

/** A program of the examples that runs. */
class Running implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<unknown>;
  #onLine: () => void = () => {};

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const input of [child.stdout, child.stderr]) {
      if (input !== null) createInterface({ input }).on("line", (line) => (this.#lines.push(line), this.#onLine()));
    }
    this.#ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(signal ?? code)));
  }

  /** Resolves when the program has printed this line; rejects if the program ends before. */
  async printed(line: string): Promise<void> {
    while (!this.#lines.includes(line)) {
      const next = new Promise<boolean>((resolve) => this.#onLine = () => resolve(true));
      const isOver = await Promise.race([next, this.#ended.then(() => false)]) === false;
      if (isOver && !this.#lines.includes(line)) throw new Error(`no line "${line}" in ${this.#lines.join("\n")}`);
    }
  }

  kill(signal: NodeJS.Signals): void {
    // After child.kill(), Deno reports this signal as the end, whatever the program did.
    if (this.#child.pid !== undefined) process.kill(this.#child.pid, signal);
  }

  /** Ends the program if a test failed before its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** How the program ended, and what it printed. */
  async end(): Promise<unknown> {
    return [await this.#ended, this.#lines];
  }
}

/** Starts a program of the examples in one of the languages. */
type Start = (name: string, args: readonly string[], socket: string) => Running;

function python(name: string, args: readonly string[], socket: string): Running {
  const env = { ...process.env, PYTHONPATH: "/usr/lib/xen-4.17/lib/python", XENSTORED_PATH: socket };
  return new Running(spawn("/usr/bin/python3", [join(examples, `${name}.py`), ...args], { env }));
}

/** All nodes of a store, as text. */
async function contents(store: Client): Promise<string[]> {
  const nodes: string[] = [];
  for await (const { path, value } of store.walk("/")) {
    nodes.push(`${path} ${new TextDecoder().decode(value ?? new Uint8Array())}`);
  }
  return nodes.sort();
}

async function registry(start: Start): Promise<unknown> {
  await using store = await startXenstored();
  const first = await start("registry", ["ann", "bob", "no name", "ann"], store.socket).end();
  const second = await start("registry", ["cid", "bob"], store.socket).end();
  await using client = await connect(`unix:${store.socket}`);
  return [first, second, await contents(client)];
}

async function shutdown(start: Start): Promise<unknown> {
  await using store = await startXenstored();
  await using client = await connect(`unix:${store.socket}`);
  const home = "/local/domain/3";
  await using program = start("shutdown", [home], store.socket);
  await client.waitFor(`${home}/control/feature-poweroff`, (value) => value !== null);
  for (const [node, value] of [["ping", "1"], ["shutdown", "reboot"], ["ping", "2"], ["shutdown", "poweroff"]]) {
    await client.write(`${home}/control/${node}`, `${value}`);
    await client.waitFor(`${home}/control/${node}`, (value) => value?.length === 0);
  }
  return [await program.end(), await contents(client)];
}

/** Asks a socket line by line, over one connection. */
async function ask(path: string, ...questions: readonly string[]): Promise<string[]> {
  const socket = connectSocket(path);
  socket.write(questions.map((question) => `${question}\n`).join(""));
  const answers: string[] = [];
  for await (const answer of createInterface({ input: socket })) {
    if (answers.push(answer) === questions.length) break;
  }
  socket.destroy();
  return answers;
}

async function lookup(start: Start): Promise<unknown> {
  await using store = await startXenstored();
  await using client = await connect(`unix:${store.socket}`);
  return await inDirectory(async (directory) => {
    const path = join(directory, "socket");
    await client.write("/tool/values/early", "bird");
    await using program = start("lookup", ["/tool/values", path], store.socket);
    await program.printed("early is bird");
    await client.waitFor("/tool/values-ready", (value) => value !== null);
    const before = await ask(path, "early", "colour");
    await client.write("/tool/values/colour", "red");
    await program.printed("colour is red");
    await client.delete("/tool/values/early");
    await program.printed("early is gone");
    const later = await ask(path, "early", "colour", "");
    program.kill("SIGTERM");
    return [await program.end(), before, later, existsSync(path), await contents(client)];
  });
}

withPeers("ported programs", () => {
  describe("ported programs", () => {
    const programs = { registry, shutdown, lookup };
    const players = new Players(...Object.keys(programs).map((name) => `examples/ported/${name}.ts`));
    after(() => players[Symbol.dispose]());
    const ported: Start = (name, args, socket) => new Running(players.start(name, args, { XENSTORED_PATH: socket }));

    for (const [name, run] of Object.entries(programs)) {
      test(`the example ${name} prints and stores the same in Python and TypeScript`, { timeout }, async () => {
        const [theirs, ours] = [await run(python), await run(ported)];
        assertEquals(ours, theirs);
      });
    }

    test("lookup answers what it has seen, and ends with 0 and without traces after SIGTERM", { timeout }, async () => {
      const [ended, before, later, isLeft, nodes] = await lookup(ported) as [unknown, ...unknown[]];
      assertEquals(ended, [0, ["early is bird", "colour is red", "early is gone", "stopped"]]);
      assertEquals([before, later, isLeft], [["bird", "unknown"], ["unknown", "red", "unknown"], false]);
      assertEquals((nodes as string[]).filter((node) => node.startsWith("/tool/")), [
        "/tool/values ",
        "/tool/values/colour red",
        "/tool/xenstored ",
      ]);
    });
  });
});
