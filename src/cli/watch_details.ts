// `watch` with the options that Xen's tool does not have: times, values, JSON, and a script for each event.

import { codeOf } from "../wire/system_errors.ts";
import { byteString, textOf } from "./bytes.ts";
import type { Context } from "./context.ts";
import { escapeText } from "./escape.ts";
import { Failure, reasonOf } from "./invocation.ts";
import { jsonLine, jsonOf } from "./json.ts";
import { atoi } from "./numbers.ts";
import { Printer } from "./printer.ts";
import type { Session } from "./session.ts";
import { type Result, TreeReader } from "../checkpoints/tree_reader.ts";

const SHELL = "/bin/sh";

/** An event of a watch. */
interface Change {
  readonly time: string;
  readonly path: string;
  readonly token: string;
  /** Whether this is the first event of the watch, which no change caused. */
  readonly isInitial: boolean;
}

/**
 * Handles events one after the other, until as many were handled as `-n` says.
 *
 * Throws a {@linkcode Failure} if the connection ends before that.
 */
export async function watchInDetail(
  context: Context,
  keys: readonly string[],
  options: ReadonlyMap<string, string>,
): Promise<number> {
  const session = await context.connect();
  const changes = new Changes(context, session, options);
  const depth = atoi(options.get("d") ?? "-1");
  for (const key of keys) {
    await changes.remember(key);
    let isInitial = true;
    try {
      await session.watch(key, depth < 0 ? null : depth, (path) => {
        changes.add({ time: new Date().toISOString(), path, token: key, isInitial });
        isInitial = false;
      });
    } catch {
      throw new Failure(`Unable to add watch on ${key}${depth < 0 ? "" : ` with depth ${depth}`}\n`);
    }
  }
  changes.start();
  const lost = session.ended.then(async (error) => {
    await changes.settled();
    throw new Failure(error.message);
  });
  await Promise.race([changes.enough, lost]);
  return 0;
}

/** Handles events in their order. */
class Changes {
  /** Resolves when all events that were asked for are handled. Rejects if one cannot be handled. */
  readonly enough: Promise<void>;
  readonly #context: Context;
  readonly #session: Session;
  readonly #options: ReadonlyMap<string, string>;
  readonly #printer: Printer;
  /** The last known values by path, for `--previous`. */
  readonly #values = new Map<string, string>();
  #start: () => void = () => {};
  /** Resolves when the event before the next one is handled. */
  #last: Promise<void>;
  /** The number of events that are still to be handled. */
  #left: number;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(context: Context, session: Session, options: ReadonlyMap<string, string>) {
    this.#context = context;
    this.#session = session;
    this.#options = options;
    this.#printer = new Printer(context.invocation);
    const number = atoi(options.get("n") ?? "-1");
    this.#left = number === -1 ? Infinity : Math.max(number, 0);
    this.#last = new Promise((resolve) => this.#start = resolve);
    this.enough = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Reads the values below a node before it is watched, so that the first change has a previous value. */
  async remember(key: string): Promise<void> {
    if (!this.#options.has("previous") || isSpecial(key)) return;
    this.#store(key, await this.#read(key));
    const reader = new TreeReader(this.#session, false);
    // The reader wants the nodes in the order of the tree, so the next one is the last of the stack.
    const waiting = [...await reader.start(key).catch(() => [])].reverse();
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const { value, children } = await reader.take(at);
      this.#store(at.path, value);
      if ("value" in children) waiting.push(...[...children.value].reverse());
    }
  }

  /** Adds an event. It is handled after those before it, and after {@linkcode start}. */
  add(change: Change): void {
    this.#last = this.#last.then(() => this.#handle(change)).catch((error: unknown) => this.#reject(error));
  }

  /** Handles the events that wait, and then each when it comes. */
  start(): void {
    this.#start();
    if (this.#left === 0) this.#resolve();
  }

  /** Waits until all events that came are handled. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #handle(change: Change): Promise<void> {
    if (this.#left === 0 || (change.isInitial && this.#options.has("no-initial"))) return;
    const isRead = (this.#options.has("value") || this.#options.has("previous")) && !isSpecial(change.path);
    const previous = this.#values.get(change.path) ?? null;
    const value = isRead ? await this.#read(change.path) : null;
    const script = this.#options.get("exec");
    if (script !== undefined) await this.#run(script, change);
    else {
      this.#printer.print(
        this.#options.has("json") ? this.#json(change, value, previous) : this.#line(change, value, previous),
      );
      this.#printer.flush();
    }
    if (this.#options.has("previous") && value !== null) this.#store(change.path, value);
    if (--this.#left === 0) this.#resolve();
  }

  async #run(script: string, { path, token, isInitial }: Change): Promise<void> {
    const { invocation, warn } = this.#context;
    const shell = invocation.variable("SHELL") || SHELL;
    const words = ["-c", script, "tsxs", path, token].map(textOf);
    let status;
    try {
      status = await invocation.runProgram([shell, ...words], { EVENT: isInitial ? "initial" : "change" });
    } catch (error) {
      throw new Failure(`cannot run ${shell}: ${reasonOf(error)}`);
    }
    if (status !== 0) warn(`the script ended with status ${status} for ${escapeText(path)}`);
  }

  #line({ time, path, isInitial }: Change, value: Result<Uint8Array> | null, previous: string | null): string {
    let line = `${this.#options.has("timestamps") ? `${time} ` : ""}${escapeText(path)}`;
    if (value !== null) {
      line += "value" in value ? ` = ${quoted(byteString(value.value))}` : ` [no value: ${reasonOf(value.error)}]`;
      if (this.#options.has("previous") && !isInitial) {
        line += previous === null ? " (new)" : ` (was ${quoted(previous)})`;
      }
    }
    return `${line}\n`;
  }

  #json({ time, path, token, isInitial }: Change, value: Result<Uint8Array> | null, previous: string | null): string {
    let record: Record<string, unknown> = { time, path: jsonOf(path), token: jsonOf(token), initial: isInitial };
    if (value !== null) {
      record = "value" in value
        ? { ...record, value: jsonOf(byteString(value.value)) }
        : { ...record, value: null, error: codeOf(value.error) ?? reasonOf(value.error) };
      if (this.#options.has("previous")) record = { ...record, previous: previous === null ? null : jsonOf(previous) };
    }
    return jsonLine(record);
  }

  #read(path: string): Promise<Result<Uint8Array>> {
    return this.#session.read(path).then((value) => ({ value }), (error: unknown) => ({ error }));
  }

  /** Remembers a value. A node that was removed has taken those below it along. */
  #store(path: string, result: Result<Uint8Array>): void {
    if ("value" in result) return void this.#values.set(path, byteString(result.value));
    this.#values.delete(path);
    for (const other of this.#values.keys()) if (other.startsWith(`${path}/`)) this.#values.delete(other);
  }
}

/** Whether a path names what happens to domains instead of a node. */
function isSpecial(path: string): boolean {
  return path.startsWith("@");
}

/** Returns a value in quotes as `ls` prints it. */
function quoted(value: string): string {
  return `"${escapeText(value)}"`;
}
