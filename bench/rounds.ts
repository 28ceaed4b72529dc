// Runs variants in rounds: each in a process of its own, pinned to a CPU, in an order that changes.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { startXenstored } from "../tests/peers/daemons.ts";
import type { Program } from "./programs.ts";
import { ratios, type Spread, spread } from "./statistics.ts";

/** The CPU of the client: that of the daemon, or another. */
export type Placement = "same" | "cross";

/** What one process measured, by name; `wall` is how long it ran, in milliseconds. */
export type Sample = Readonly<Record<string, number>>;

/** A daemon that serves a socket. */
export interface Served {
  readonly socket: string;
  readonly pid: number;
}

/** The daemon and the CPU of a program. */
export interface Place {
  readonly store: Served;
  readonly cpu: number;
}

/** A daemon on each of two CPUs, of which a round uses one. */
export interface Stores extends AsyncDisposable {
  readonly placements: readonly Placement[];
  /** The CPUs: two, or the only one. */
  readonly cpus: readonly number[];
  /** The daemons' own sockets. */
  readonly sockets: readonly string[];
  /** The daemon and the client's CPU in a round: what runs where is exchanged from one round to the next. */
  place(placement: Placement, round: number): Place;
}

/** Starts a daemon on each of the first two CPUs that this process may use. */
export async function startStores(): Promise<Stores> {
  const cpus = allowedCpus().slice(0, 2);
  const stores = await Promise.all(cpus.map((cpu) => startXenstored({ cpu })));
  return {
    placements: cpus.length < 2 ? ["same"] : ["same", "cross"],
    cpus,
    sockets: stores.map(({ socket }) => socket),
    place(placement, round) {
      const at = round % cpus.length;
      const store = stores[at];
      const cpu = cpus[placement === "same" ? at : cpus.length - 1 - at];
      if (store === undefined || cpu === undefined) throw new Error("no place to measure: no CPU is allowed");
      return { store, cpu };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.stop()));
    },
  };
}

function allowedCpus(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** What all rounds measured, by the programs' names. */
export class Results {
  readonly #samples = new Map<string, Sample[]>();

  /** Adds what a program measured in the next round. */
  add(name: string, sample: Sample): void {
    const samples = this.#samples.get(name) ?? [];
    samples.push(sample);
    this.#samples.set(name, samples);
  }

  /** One of a program's numbers in every round. */
  values(name: string, key: string): number[] {
    return (this.#samples.get(name) ?? []).map((sample) => {
      const value = sample[key];
      if (value === undefined) throw new Error(`${name} did not measure ${key}`);
      return value;
    });
  }

  /** The spread of a program's number. */
  spread(name: string, key: string): Spread {
    return spread(this.values(name, key));
  }

  /** The spread of a program's number by another's in the same round. */
  ratio(name: string, key: string, peer: string, peerKey: string = key): Spread {
    return spread(ratios(this.values(name, key), this.values(peer, peerKey)));
  }
}

/** Runs every program in every round; the order starts with another one each time, and goes the other way in turn. */
export async function runRounds(
  programs: readonly Program[],
  rounds: number,
  stores: Stores,
  placement: Placement,
): Promise<Results> {
  const results = new Results();
  for (let round = 0; round < rounds; round++) {
    const place = stores.place(placement, round);
    for (const program of inTurn(programs, round)) results.add(program.name, await run(program, place));
  }
  return results;
}

/** In a round's order: each starts with another one, and every second goes the other way. */
export function inTurn<T>(all: readonly T[], round: number): T[] {
  const from = round % all.length;
  const rotated = [...all.slice(from), ...all.slice(0, from)];
  return round % 2 === 0 ? rotated : rotated.toReversed();
}

/** The argument that stands for the process id of the daemon that the program is measured with. */
export const DAEMON = "{daemon}";
/** The argument that stands for the CPU of the client. */
export const CPU = "{cpu}";

/** Runs a program to its end; gives what it measured. */
export async function run({ name, command, env, pinsItself }: Program, { store, cpu }: Place): Promise<Sample> {
  const values: Readonly<Record<string, string>> = { [DAEMON]: `${store.pid}`, [CPU]: `${cpu}` };
  const own = command.map((argument) => values[argument] ?? argument);
  const [executable = "", ...args] = pinsItself === true ? own : ["taskset", "-c", `${cpu}`, ...own];
  const start = performance.now();
  const child = spawn(executable, args, {
    env: { ...process.env, ...env, XENSTORED_PATH: store.socket },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Only the last line counts, and xenstore-ls writes many.
  let output = "";
  let errors = "";
  child.stdout.on("data", (data) => output = `${output}${data}`.slice(-4096));
  child.stderr.on("data", (data) => errors += data);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const wall = performance.now() - start;
  if (code !== 0) throw new Error(`cannot measure ${name}: it ended with code ${code}: ${errors.trim()}`);
  const last = output.trim().split("\n").at(-1) ?? "";
  return { ...(last.startsWith("{") ? numbers(JSON.parse(last)) : {}), wall };
}

/** The numbers of a result, in which JSON has `null` for what is no number. */
function numbers(value: unknown): Sample {
  if (typeof value !== "object" || value === null) throw new TypeError(`no result: ${JSON.stringify(value)}`);
  const entries = Object.entries(value).map(([name, number]) =>
    [name, typeof number === "number" ? number : NaN] as const
  );
  return Object.fromEntries(entries);
}
