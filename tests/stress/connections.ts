// npm run test:connections: 100,000 connections while a thread uses files, on every installed runtime.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const bin = (name: string): string => join(root, "node_modules", ".bin", name);
const LIMIT_MS = 30 * 60_000;

const nodes = ["node-floor", "node-newest"]
  .map((name) => join(root, "tests", "runtimes", "node_modules", name, "bin", "node"))
  .filter(existsSync);
const node = ["--import", "tsx", "--test"];
const commands: readonly (readonly [executable: string, ...rest: string[]])[] = [
  ...(nodes.length === 0 ? [process.execPath] : nodes).map((path): [string, ...string[]] => [path, ...node]),
  [process.env.DENO ?? bin("deno"), "test", "--allow-all", "--no-check", "--quiet"],
  [bin("bun"), "test", `--timeout=${LIMIT_MS}`],
];

const env = { ...process.env, TSXS_CONNECTIONS: process.env.TSXS_CONNECTIONS ?? "100000", NO_COLOR: "1" };
for (const [executable, ...rest] of commands) {
  console.log(`${executable} ${rest.join(" ")}`);
  const parameters = [...rest, "./tests/daemon/sockets/connections.test.ts"];
  const { status, signal } = spawnSync(executable, parameters, { cwd: root, env, stdio: "inherit", timeout: LIMIT_MS });
  if (status === 0) continue;
  console.log(`failed: ${signal ?? status}`);
  process.exitCode = 1;
}
