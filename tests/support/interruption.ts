// Ctrl-C at every moment of the subcommands that hold a watch or a transaction, on any store that counts them.

import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { startHoldingProxy } from "./holding_proxy.ts";
import { commandOf } from "./program.ts";
import { inDirectory } from "./socket.ts";

const start = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "src/cli/start.ts");

const dump = [
  { format: "tsxs-dump", version: 1, path: "/tool/a" },
  { path: "/tool/a", value: "", permissions: ["n0"] },
  { path: "/tool/a/b", value: "new", permissions: ["n0", "r5"] },
  { path: "/tool/a/d", value: "added", permissions: ["n0"] },
  { nodes: 3 },
].map((line) => `${JSON.stringify(line)}\n`).join("");

/** The subcommands, the number of messages of the store after which each is interrupted, and whether the last commits. */
const moments: readonly (readonly [words: string, messages: number, commits: boolean])[] = [
  ["write /tool/a/b new /tool/a/d added", 4, true],
  ["rm /tool/a/b /tool/a/c", 4, true],
  ["chmod -r /tool/a n0 r5", 8, true],
  ["restore --yes --delete -", 14, false],
  ["watch /tool/a @releaseDomain", 4, false],
  ["watch --previous /tool/a", 4, false],
  ["wait /tool/a/d", 3, false],
  ["wait /tool/a/b new", 3, false],
];

/** Returns the nodes below `/tool/a` with their values and permissions. */
async function stateOf(store: Client): Promise<string> {
  const nodes: string[] = [];
  for await (const { path } of store.walk("/tool/a")) {
    nodes.push(`${path} ${await store.readText(path)} ${JSON.stringify(await store.getPerms(path))}`);
  }
  return nodes.join("\n");
}

/** Resolves with what the store counts for domain 0. */
async function counts(store: Client): Promise<string> {
  const quotas = await store.control(["quota", "0"]);
  return [...quotas.matchAll(/^(watches|transactions) +: +(\d+)/gm)].map(([, name, count]) => `${name} ${count}`)
    .join(", ");
}

/** Sends the signal of Ctrl-C. After child.kill(), Deno reports the signal as the end, whatever the process made of it. */
export function interrupt(child: ChildProcess): void {
  if (child.pid !== undefined) process.kill(child.pid, "SIGINT");
}

/** Runs a subcommand until the store has sent so many messages, and interrupts it before the last one arrives. */
async function interrupted(words: string, socket: string, directory: string, message: number): Promise<string | null> {
  const front = join(directory, `front-${message}`);
  await using proxy = await startHoldingProxy(front, socket, message);
  const [executable = "", ...args] = [...commandOf(start), ...words.split(" ")];
  const child = spawn(executable, args, {
    env: { ...process.env, XENSTORED_PATH: front },
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin.on("error", () => {}).end(dump);
  const ended = new Promise<string | null>((resolve, reject) =>
    child.on("error", reject).on("close", (_, signal) => resolve(signal))
  );
  const early = ended.then(() => {
    throw new Error(`${words} ended before message ${message}`);
  });
  await Promise.race([proxy.held, early]);
  early.catch(() => {});
  interrupt(child);
  return await ended.finally(() => child.kill("SIGKILL"));
}

/** Declares the tests for a store that is started for each of them. */
export function describeInterruptions(
  name: string,
  startStore: () => Promise<{ readonly socket: string } & AsyncDisposable>,
): void {
  describe(`Ctrl-C on ${name}`, () => {
    for (const [words, messages, commits] of moments) {
      test(`${words.split(" ")[0]}: "${words}" ends by SIGINT, and leaves no watch and no transaction`, () =>
        inDirectory(async (directory) => {
          await using daemon = await startStore();
          await using store = await connect(`unix:${daemon.socket}`);
          await store.write("/tool/a/b", "old");
          await store.write("/tool/a/c", "old");
          const before = await stateOf(store);
          for (let message = 1; message <= messages; message++) {
            assertEquals(await interrupted(words, daemon.socket, directory, message), "SIGINT");
            // The store may read the end of the connection after the end of the process.
            while (await counts(store) !== "watches 0, transactions 0");
            const isCommitted = message === messages && commits;
            assertEquals(await stateOf(store) === before, !isCommitted, `after message ${message}`);
          }
        }));
    }
  });
}
