// `top`: shows what changes in the store, by domain and path, on the full screen or as tables.

import { type ProgressClock, progressClock } from "../events/progress.ts";
import { byteString } from "./bytes.ts";
import type { Context } from "./context.ts";
import { Failure, type Invocation, reasonOf } from "./invocation.ts";
import { jsonLine, jsonOf } from "./json.ts";
import { millisecondsOf } from "./numbers.ts";
import { json, ownArgumentsOf, type Syntax } from "./own_arguments.ts";
import { Printer } from "./printer.ts";
import type { Session } from "./session.ts";
import { Activity, type Snapshot } from "./top/activity.ts";
import type { Order } from "./top/change_counter.ts";
import { FullScreen } from "./top/full_screen.ts";
import { plainLines, roomOf, screenLines } from "./top/view.ts";

const syntax: Syntax = {
  options: [
    json,
    { letter: "i", long: "interval", hasArgument: true },
    { letter: "o", long: "once" },
  ],
  usage: "[-h] [-i SECONDS] [-o] [--json]",
  operands: [0, 0],
  status: 1,
};
/** The rows of each plain table. */
const ROWS = 20;
const COLUMNS = 80;
const SECOND = 1000;
const orders: ReadonlyMap<string, Order> = new Map([["r", "rate"], ["t", "total"], ["n", "name"]]);
/** The statuses by which a shell reports the end by a signal. */
const endings: ReadonlyMap<string, number> = new Map([["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]]);
const INTERRUPT = "\x03";

/** Shows changes until `q` or a signal, or once after an interval. */
export async function top(context: Context): Promise<number> {
  const { options } = ownArgumentsOf(context, syntax);
  const interval = millisecondsOf(options.get("i") ?? "1", "--interval");
  const session = await context.connect();
  const watched = new Watched(session, interval, progressClock);
  await watched.start();
  const isScreen = context.invocation.columns() !== null && !options.has("o") && !options.has("j");
  const lost = session.ended.then((error) => {
    throw new Failure(error.message);
  });
  // The loss may come when nothing waits for it any more.
  lost.catch(() => {});
  try {
    if (isScreen) return await onScreen(context.invocation, watched, lost);
    const [isJson, isOnce] = [options.has("j"), options.has("o")];
    await onPaper(context.invocation, watched, lost, { isJson, isOnce: isOnce || !isJson });
    return 0;
  } finally {
    watched.stop();
  }
}

/** The watch of the whole store, and the names of the domains that were shown. */
class Watched {
  readonly activity = new Activity();
  readonly names = new Map<string, string>();
  readonly #asked = new Set<string>();
  readonly #session: Session;
  readonly #interval: number;
  readonly #clock: ProgressClock;
  #since = 0;
  #timer: { cancel(): void } | null = null;

  constructor(session: Session, interval: number, clock: ProgressClock) {
    this.#session = session;
    this.#interval = interval;
    this.#clock = clock;
  }

  /** Begins to count. The first event of a watch is no change. */
  async start(): Promise<void> {
    let isFirst = true;
    try {
      await this.#session.watch("/", null, (path) => {
        if (!isFirst) this.activity.add(path);
        isFirst = false;
      });
    } catch (error) {
      throw new Failure(`cannot watch /: ${reasonOf(error)}`);
    }
    this.#since = this.#clock.now();
  }

  /** Waits for the end of an interval. Never resolves after {@linkcode stop}. */
  passed(): Promise<void> {
    return new Promise((resolve) => this.#timer = this.#clock.after(this.#interval, resolve));
  }

  /** Ends the wait, so that it does not keep the process alive. */
  stop(): void {
    this.#timer?.cancel();
  }

  /** Ends the interval, and resolves with the changes and the names of their domains. */
  async take(order: Order, domains: number, paths: number): Promise<Snapshot> {
    const now = this.#clock.now();
    this.activity.tick((now - this.#since) / SECOND);
    this.#since = now;
    const snapshot = this.activity.snapshot(order, domains, paths);
    await Promise.all(snapshot.domains.map(({ key }) => this.#name(key)));
    return snapshot;
  }

  async #name(domid: string): Promise<void> {
    if (domid.startsWith("/") || this.#asked.has(domid)) return;
    this.#asked.add(domid);
    const name = await this.#session.read(`/local/domain/${domid}/name`).catch(() => null);
    if (name !== null) this.names.set(domid, byteString(name));
  }
}

/** Prints a table or an object of JSON after each interval, or after the first one. */
async function onPaper(
  invocation: Invocation,
  watched: Watched,
  lost: Promise<never>,
  { isJson, isOnce }: { readonly isJson: boolean; readonly isOnce: boolean },
): Promise<void> {
  const printer = new Printer(invocation);
  do {
    await Promise.race([watched.passed(), lost]);
    const snapshot = await watched.take("rate", ROWS, ROWS);
    if (isJson) printer.print(jsonOfSnapshot(snapshot, watched.names));
    else {
      const view = { snapshot, names: watched.names, order: "rate", isPaused: false } as const;
      const lines = plainLines(view, invocation.columns() || COLUMNS);
      printer.print(lines.map((line) => `${line.trimEnd()}\n`).join(""));
    }
    printer.flush();
  } while (!isOnce);
}

function jsonOfSnapshot(
  { total, seconds, rate, domains, paths }: Snapshot,
  names: ReadonlyMap<string, string>,
): string {
  return jsonLine({
    time: new Date().toISOString(),
    seconds,
    changes: total,
    rate,
    domains: domains.map(({ key, total, rate }) => {
      const name = names.get(key);
      return { domain: jsonOf(key), name: name === undefined ? null : jsonOf(name), changes: total, rate };
    }),
    paths: paths.map(({ key, total, rate }) => ({ path: jsonOf(key), changes: total, rate })),
  });
}

/** Draws the full screen until a key or a signal ends it. Resolves with the exit status. */
async function onScreen(invocation: Invocation, watched: Watched, lost: Promise<never>): Promise<number> {
  const signalled = invocation.signalled(...endings.keys()).then((signal) => endings.get(signal) ?? 1);
  let [order, isPaused]: [Order, boolean] = ["rate", false];
  let end: (status: number) => void = () => {};
  const ended = new Promise<number>((resolve) => end = resolve);
  const onKeys = (keys: string): void => {
    for (const key of keys) {
      order = orders.get(key) ?? order;
      if (key === "p" || key === " ") isPaused = !isPaused;
      if (key === "q") end(0);
      if (key === INTERRUPT) end(endings.get("SIGINT") ?? 1);
    }
    draw();
  };
  const screen = invocation.openScreen(onKeys, () => draw());
  let snapshot = watched.activity.snapshot(order, 0, 0);
  const draw = (): void => {
    const { rows, columns } = screen.size();
    const shown = isPaused ? snapshot : { ...snapshot, ...sorted(watched, order, rows) };
    full.draw(screenLines({ snapshot: shown, names: watched.names, order, isPaused }, rows, columns));
  };
  using full = new FullScreen(screen);
  draw();
  const refreshed = async (): Promise<number> => {
    for (;;) {
      await watched.passed();
      if (isPaused) continue;
      const room = roomOf(screen.size().rows);
      snapshot = await watched.take(order, room.domains, room.paths);
      draw();
    }
  };
  return await Promise.race([ended, signalled, lost, refreshed()]);
}

/** Returns the rows in another order, as they were at the end of the last interval. */
function sorted({ activity }: Watched, order: Order, rows: number): Pick<Snapshot, "domains" | "paths"> {
  const room = roomOf(rows);
  return activity.snapshot(order, room.domains, room.paths);
}
