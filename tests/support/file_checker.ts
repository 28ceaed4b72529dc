// A worker that writes and checks files. It notices if another thread closes one of its descriptors.

import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** The results of the worker. */
export interface Findings {
  /** The number of files that it wrote and read. */
  readonly files: number;
  /** The number of failures. */
  readonly failures: number;
  /** The first failure. */
  readonly first?: string | undefined;
}

const program = `
import { closeSync, fstatSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers";
import { parentPort, workerData } from "node:worker_threads";

let stopped = false;
let files = 0;
let failures = 0;
let first;

function check(path) {
  const written = new TextEncoder().encode("file " + files + "\\n");
  const read = new Uint8Array(64);
  let fd = openSync(path, "w+");
  try {
    const { ino } = fstatSync(fd);
    writeSync(fd, written, 0, written.length, 0);
    const length = readSync(fd, read, 0, read.length, 0);
    if (new TextDecoder().decode(read.subarray(0, length)) !== "file " + files + "\\n") throw new Error("wrong content");
    if (fstatSync(fd).ino !== ino) throw new Error("the descriptor is another file's");
    const closing = fd;
    fd = -1;
    closeSync(closing);
  } finally {
    if (fd >= 0) try { closeSync(fd); } catch {}
    unlinkSync(path);
  }
}

function work() {
  if (stopped) {
    parentPort.postMessage({ files, failures, first });
    return;
  }
  for (let i = 0; i < 20; i++) {
    try {
      files++;
      check(join(workerData.directory, "checked"));
    } catch (error) {
      failures++;
      first ??= String(error.stack ?? error);
    }
  }
  setImmediate(work);
}

parentPort.on("message", () => stopped = true);
parentPort.postMessage("ready");
work();
`;

/** Starts a worker that writes and checks files in a directory until `stop()`. */
export class FileChecker {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start(directory: string): Promise<FileChecker> {
    const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
    const worker = new Worker(url, { execArgv: [], workerData: { directory } });
    await once(worker, "message");
    return new FileChecker(worker);
  }

  /** Stops the worker, and resolves with its results. */
  async stop(): Promise<Findings> {
    const message = once(this.#worker, "message");
    this.#worker.postMessage("stop");
    const [findings] = await message;
    await this.#worker.terminate();
    return findings;
  }
}
