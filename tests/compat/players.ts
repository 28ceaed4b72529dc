// Plays scripts of calls in separate processes: on the real xen.lowlevel.xs, and on our port on this runtime.

import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startXenbus, startXenstored } from "../peers/daemons.ts";
import { timeout } from "../support/limits.ts";
import type { Step } from "./xs/script.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
const CACHE = join(root, "tests", "peers", ".cache");

/** The transports to a socket that this runtime has. */
export const kinds: readonly string[] = "Deno" in globalThis || "Bun" in globalThis
  ? ["ffi", "worker"]
  : ["descriptor", "worker"];

/** Programs that are built to JavaScript, because a worker of Node 20 cannot load TypeScript while its parent waits. */
export class Players {
  readonly #directory: string;

  /** Builds these programs, whose paths begin at the root. */
  constructor(...programs: readonly string[]) {
    mkdirSync(CACHE, { recursive: true });
    this.#directory = mkdtempSync(join(CACHE, "players-"));
    const esbuild = ["@esbuild/linux-x64/bin/esbuild", ".bin/esbuild"].map((path) => join(root, "node_modules", path))
      .find((path) => existsSync(path)) ?? "esbuild";
    const entries = [...programs.map((path) => join(root, path)), "src/blocking/worker_thread.ts"];
    execFileSync(esbuild, [
      ...entries,
      "--bundle",
      "--splitting",
      "--format=esm",
      "--platform=node",
      "--target=es2022",
      `--outdir=${this.#directory}`,
      "--entry-names=[name]",
      "--out-extension:.js=.mjs",
      "--log-level=error",
    ], { cwd: root });
  }

  /** The path of a built program. */
  path(program: string): string {
    return join(this.#directory, `${program}.mjs`);
  }

  /** Runs a built program on this runtime. Resolves with its output. */
  run(
    program: string,
    args: readonly string[],
    env: Record<string, string>,
    flags: readonly string[] = ["-A"],
  ): Promise<string> {
    const runtime = "Deno" in globalThis ? ["run", "--quiet", "--no-config", ...flags] : [];
    return output(process.execPath, [...runtime, this.path(program), ...args], env);
  }

  /** Starts a built program on this runtime. */
  start(program: string, args: readonly string[], env: Record<string, string>): ChildProcess {
    const runtime = "Deno" in globalThis ? ["run", "--quiet", "--no-config", "-A"] : [];
    return spawn(process.execPath, [...runtime, this.path(program), ...args], { env: { ...process.env, ...env } });
  }

  /** The results of the script's calls on our port, line by line, with a new store. */
  async ours(
    steps: readonly Step[],
    values: "text" | "bytes",
    transport: string,
    way: "socket" | "device" = "socket",
  ): Promise<string[]> {
    return await this.#play(
      steps,
      way,
      (script, pid, env) => this.run("player", [script, pid, values, transport], env),
    );
  }

  /** The results of the calls on the real binding. */
  async real(
    steps: readonly Step[],
    values: "text" | "bytes",
    way: "socket" | "device" = "socket",
  ): Promise<string[]> {
    const player = join(here, "xs", "player.py");
    return await this.#play(
      steps,
      way,
      (script, pid, env) =>
        output("/usr/bin/python3", [player, script, pid, values], {
          ...env,
          PYTHONPATH: "/usr/lib/xen-4.17/lib/python",
          PYTHONDONTWRITEBYTECODE: "1",
        }),
    );
  }

  /** Removes the built programs. */
  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #play(
    steps: readonly Step[],
    way: "socket" | "device",
    run: (script: string, pid: string, env: Record<string, string>) => Promise<string>,
  ): Promise<string[]> {
    await using store = await startXenstored();
    const script = join(this.#directory, `script-${store.pid}.json`);
    writeFileSync(script, JSON.stringify(steps));
    await using device = way === "device" ? await startXenbus(store.socket) : null;
    const env = { XENSTORED_PATH: device?.path ?? store.socket };
    return (await run(script, `${store.pid}`, env)).trimEnd().split("\n");
  }
}

function output(command: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, timeout, maxBuffer: 1 << 26 };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      reject(new Error(`${command} ${args.join(" ")}: ${error.message}\n${stdout.slice(-2000)}${stderr}`));
    });
  });
}
