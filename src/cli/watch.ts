// `watch`: prints the path of each event.

import { escapeText } from "./escape.ts";
import type { Context } from "./context.ts";
import { Failure } from "./invocation.ts";
import { atoi } from "./numbers.ts";
import { Printer } from "./printer.ts";
import { argumentsOf } from "./usage.ts";

const UNLIMITED = -1;
/** The options that make another output. */
const details = ["timestamps", "value", "previous", "no-initial", "json", "exec"];

/**
 * Prints events until as many were printed as `-n` says.
 *
 * Throws a {@linkcode Failure} if the connection ends before that: no event comes after its end.
 */
export async function watch(context: Context): Promise<number> {
  const { options, operands } = argumentsOf(context, "watch");
  const [number, depth] = [options.get("n"), options.get("d")].map((text) => text === undefined ? -1 : atoi(text));
  if (details.some((name) => options.has(name))) {
    return await (await import("./watch_details.ts")).watchInDetail(context, operands, options);
  }
  const session = await context.connect();
  const events = new Events(new Printer(context.invocation), number ?? UNLIMITED);
  const levels = depth === undefined || depth < 0 ? null : depth;
  for (const key of operands) {
    try {
      await session.watch(key, levels, (path) => events.add(path));
    } catch {
      throw new Failure(`Unable to add watch on ${key}${levels === null ? "" : ` with depth ${levels}`}\n`);
    }
  }
  events.start();
  const lost = session.ended.then((error) => {
    throw new Failure(error.message);
  });
  await Promise.race([events.printed, lost]);
  return 0;
}

/** Prints events as they come, up to a number of them. The events before {@linkcode start} wait. */
class Events {
  /** Resolves when all events that were asked for are printed. Rejects if one cannot be printed. */
  readonly printed: Promise<void>;
  readonly #printer: Printer;
  readonly #limit: number;
  #waiting: string[] | null = [];
  #count = 0;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(printer: Printer, limit: number) {
    this.#printer = printer;
    this.#limit = limit;
    this.printed = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Adds the event of a path. */
  add(path: string): void {
    if (this.#waiting !== null) return void this.#waiting.push(path);
    this.#print([path]);
  }

  /** Prints the events that waited, and then each when it comes. */
  start(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    this.#print(waiting);
  }

  #print(paths: readonly string[]): void {
    try {
      for (const path of paths) {
        if (this.#isFull) break;
        this.#printer.print(`${escapeText(path)}\n`);
        this.#count++;
      }
      this.#printer.flush();
      if (this.#isFull) this.#resolve();
    } catch (error) {
      this.#reject(error);
    }
  }

  get #isFull(): boolean {
    return this.#limit !== UNLIMITED && this.#count >= this.#limit;
  }
}
