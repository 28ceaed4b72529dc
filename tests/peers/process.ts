// A helper process with its own temporary directory. Both end with the test process.

import { Buffer } from "node:buffer";
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { timeout } from "../support/limits.ts";

/** sun_path holds 108 bytes, including the NUL. */
const SOCKET_PATH_MAX = 107;
/** The longest name that a daemon creates in its directory: "/domain-65535.shutdown". */
const LONGEST_NAME = 22;
const RETRY_MS = 3;

/** Creates a directory in the system's temporary one, or in /tmp if that path is too long for sockets. */
export function makeDirectory(): string {
  const room = SOCKET_PATH_MAX - LONGEST_NAME - "/tsxs-XXXXXX".length;
  return mkdtempSync(join(Buffer.byteLength(tmpdir()) > room ? "/tmp" : tmpdir(), "tsxs-"));
}

export interface Helper {
  readonly pid: number;
  /** Resolves when `isReady` returns true. Rejects with the output if the process ends first or takes too long. */
  ready(isReady: () => boolean | Promise<boolean>): Promise<void>;
  /** Sends a signal and waits for the process to end. Resolves immediately if it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Calls kill(), and removes the directory. May be called again. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

export interface HelperOptions {
  readonly name: string;
  /** Removed when the helper stops or the test process exits. */
  readonly directory: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The signal that the kernel sends to the helper if the test process is killed. */
  readonly deathSignal: "KILL" | "TERM";
  /** The only CPU that the helper may use. */
  readonly cpu?: number | undefined;
  /** Undoes changes outside the directory. Synchronous, because it also runs when the test process exits. */
  readonly cleanUp?: () => void;
}

export function startHelper(options: HelperOptions): Helper {
  const { name, directory } = options;
  const log = join(directory, "output");
  const pinned = options.cpu === undefined ? [] : ["taskset", "-c", String(options.cpu)];
  const output = openSync(log, "a");
  // The output is a file: a pipe would keep the test process alive, and the helper could wait for a reader.
  const how: SpawnOptions = { stdio: ["ignore", output, output], env: { ...process.env, ...options.env } };
  const child = spawn("setpriv", ["--pdeathsig", options.deathSignal, ...pinned, ...options.command], how);
  closeSync(output);
  const exited = exitOf(child);
  child.unref();

  const removeTraces = (): void => {
    options.cleanUp?.();
    rmSync(directory, { recursive: true, force: true });
  };
  const atExit = (): void => {
    child.kill(options.deathSignal === "KILL" ? "SIGKILL" : "SIGTERM");
    removeTraces();
  };
  // Without this, the eleventh listener is reported as a leak.
  process.setMaxListeners(process.getMaxListeners() + 1);
  process.on("exit", atExit);
  let stopped: Promise<void> | undefined;

  async function kill(signal: NodeJS.Signals): Promise<void> {
    child.ref();
    if (exited.reason === undefined) child.kill(signal);
    await exited.promise;
  }

  async function stopOnce(signal: NodeJS.Signals): Promise<void> {
    await kill(signal);
    process.off("exit", atExit);
    process.setMaxListeners(process.getMaxListeners() - 1);
    removeTraces();
  }
  const stop = (signal: NodeJS.Signals): Promise<void> => stopped ??= stopOnce(signal);

  async function ready(isReady: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + timeout;
    while (exited.reason !== undefined || !(await isReady())) {
      const late = performance.now() > deadline;
      if (exited.reason === undefined && !late) {
        await delay(RETRY_MS);
        continue;
      }
      const state = exited.reason ?? `not ready within ${timeout} ms`;
      const said = readFileSync(log, "utf8").trim();
      await stop("SIGKILL");
      throw new Error(`cannot start ${name}: ${state}${said === "" ? "" : `, it wrote "${said}"`}`);
    }
  }

  return { pid: child.pid ?? 0, ready, kill, stop };
}

interface Exit {
  readonly promise: Promise<void>;
  reason: string | undefined;
}

function exitOf(child: ChildProcess): Exit {
  const { promise, resolve } = withResolvers();
  const exit: Exit = { promise, reason: undefined };
  child.once("exit", (code, signal) => {
    exit.reason = signal === null ? `it ended with code ${code}` : `it ended by ${signal}`;
    resolve();
  });
  child.once("error", (error) => {
    exit.reason = error.message;
    resolve();
  });
  return exit;
}

/** Promise.withResolvers(), which Node 20 does not have. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
