// Files of a location whose operations end by a signal, also if the location never answers.

import { clearTimeout, setTimeout } from "node:timers";
import { SharedSignals } from "../client/abort.ts";
import type { FileStatus, PartFile, PoolFiles } from "./files.ts";

/** How long something that ends an operation may take after the signal is aborted. Then it goes on by itself. */
const GRACE_MS = 1000;

/** Returns the same files, whose operations reject with the signal's reason when the signal is aborted. */
export function filesUntil(files: PoolFiles, signal: AbortSignal | undefined): PoolFiles {
  return signal === undefined ? files : new FilesUntil(files, signal);
}

/** Waits for work. Once the signal is aborted, it waits for one second more, and the work goes on by itself. */
export async function settledSoon(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) {
    await work;
    return;
  }
  work.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  let release = (): void => {};
  const over = new Promise<void>((resolve) => {
    release = new SharedSignals().add(signal, () => timer = setTimeout(resolve, GRACE_MS));
  });
  try {
    await Promise.race([work, over]);
  } finally {
    release();
    clearTimeout(timer);
  }
}

/**
 * Runs work that should not stop halfway. The signal that it gets is aborted one second after the caller's signal, with
 * the same reason.
 */
export async function untilSoonAfter<T>(
  signal: AbortSignal | undefined,
  run: (late: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return await run(undefined);
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const release = new SharedSignals().add(signal, () => {
    timer = setTimeout(() => late.abort(signal.reason), GRACE_MS);
  });
  try {
    return await run(late.signal);
  } finally {
    release();
    clearTimeout(timer);
  }
}

class FilesUntil implements PoolFiles {
  readonly location: string;
  readonly #files: PoolFiles;
  readonly #wait: Wait;
  readonly #signal: AbortSignal;

  constructor(files: PoolFiles, signal: AbortSignal) {
    this.location = files.location;
    this.#files = files;
    this.#signal = signal;
    this.#wait = waitUntil(signal);
  }

  list(directory: string): Promise<string[]> {
    return this.#wait(() => this.#files.list(directory));
  }

  status(path: string): Promise<FileStatus | null> {
    return this.#wait(() => this.#files.status(path));
  }

  async *read(...[path, options]: Parameters<PoolFiles["read"]>): AsyncGenerator<Uint8Array, void> {
    yield* readUntil(this.#files.read(path, options), this.#wait, this.#signal);
  }

  async openPart(path: string): Promise<PartFile> {
    return partUntil(await this.#opened(() => this.#files.openPart(path)), this.#wait, this.#signal);
  }

  async createPart(path: string): Promise<PartFile | null> {
    const part = await this.#opened(() => this.#files.createPart(path));
    return part === null ? null : partUntil(part, this.#wait, this.#signal);
  }

  createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    return this.#wait(() => this.#files.createExclusive(path, content));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#wait(() => this.#files.rename(from, to));
  }

  link(from: string, to: string): Promise<boolean> {
    return this.#wait(() => this.#files.link(from, to));
  }

  remove(path: string): Promise<boolean> {
    return this.#wait(() => this.#files.remove(path));
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  /** Opens a part. One that is opened after the signal is closed. */
  async #opened<T extends PartFile | null>(open: () => Promise<T>): Promise<T> {
    let opening: Promise<T> | undefined;
    try {
      return await this.#wait(() => opening = open());
    } catch (error) {
      void opening?.then((part) => part?.close()).catch(() => {});
      throw error;
    }
  }
}

/** Starts an operation, and waits for it. */
type Wait = <T>(start: () => Promise<T>) => Promise<T>;

function waitUntil(signal: AbortSignal): Wait {
  const signals = new SharedSignals();
  return async (start) => {
    signal.throwIfAborted();
    return await signals.wait(start(), signal);
  };
}

async function* readUntil(
  read: AsyncIterable<Uint8Array>,
  wait: Wait,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const pieces = read[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await wait(() => pieces.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    const ended = Promise.resolve(pieces.return?.());
    ended.catch(() => {});
    // The reading ends when the location answers.
    if (!signal.aborted) await ended;
  }
}

function partUntil(part: PartFile, wait: Wait, signal: AbortSignal): PartFile {
  return {
    write: (bytes, position) => wait(() => part.write(bytes, position)),
    truncate: (length) => wait(() => part.truncate(length)),
    sync: () => wait(() => part.sync()),
    read: (options) => readUntil(part.read(options), wait, signal),
    close: () => settledSoon(part.close(), signal),
  };
}
