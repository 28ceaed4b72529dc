// Why a Unix socket cannot be connected to on Node, which reports the reason only when an event loop runs.

import { builtin } from "../transport/builtin.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";

/** Far more than the thread takes: its failed start is not reported to a thread that waits. */
const ANSWER_WITHIN_MS = 10_000;
const TEXT_SIZE = 64;

/** The code of the thread, which connects to the path and passes the code of the error; empty if it connected. */
const PROGRAM = `
const { workerData: { path, memory } } = require("node:worker_threads");
const words = new Int32Array(memory, 0, 2);
const tell = (code) => {
  words[1] = new TextEncoder().encodeInto(code, new Uint8Array(memory, 8)).written;
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
};
const socket = require("node:net").connect({ path });
socket.on("connect", () => tell("")).on("connect", () => socket.destroy()).on("error", ({ code }) => tell(code));
`;

/**
 * Returns the error of a connection to the socket at `path` that failed. A thread connects once more: if that succeeds,
 * the backlog was full before, which is EAGAIN. Without a thread a full backlog counts as refused.
 */
export function refusalOf(path: string): Error {
  const code = codeOfPath(path) ?? codeOfConnect(path) ?? "ECONNREFUSED";
  return codedError(code, `connect ${code} ${path}`);
}

/** The reason that lies in the path: it needs no thread, and a search for a store meets it often. */
function codeOfPath(path: string): string | null {
  try {
    builtin("node:fs").statSync(path);
    return null;
  } catch (error) {
    return codeOf(error) ?? null;
  }
}

/** The reason by a thread; `null` if Node starts none, as with `--permission`. */
function codeOfConnect(path: string): string | null {
  const memory = new SharedArrayBuffer(8 + TEXT_SIZE);
  const words = new Int32Array(memory, 0, 2);
  const { Worker } = builtin("node:worker_threads");
  try {
    const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: { path, memory } });
    // Without a listener an error would end the process.
    worker.on("error", () => {}).unref();
  } catch {
    return null;
  }
  if (Atomics.wait(words, 0, 0, ANSWER_WITHIN_MS) === "timed-out") return null;
  const length = words[1] ?? 0;
  return length === 0 ? "EAGAIN" : new TextDecoder().decode(new Uint8Array(memory, 8, length).slice());
}
