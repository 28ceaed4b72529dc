// The daemons that are measured beside each other: the real ones and ours on each runtime, all started anew each round.

import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { connect } from "../mod.ts";
import { startOxenstored, startXenstored } from "../tests/peers/daemons.ts";
import { makeDirectory, startHelper } from "../tests/peers/process.ts";
import { type Program, python, type Runtime, variant } from "./programs.ts";
import { inTurn, type Place, type Placement, Results, run, type Sample, type Served, type Stores } from "./rounds.ts";

/** The daemon that ours are compared with. */
export const PEER = "xenstored";

/** A daemon that can be started. */
export interface Daemon {
  readonly name: string;
  start(cpu: number): Promise<Served & AsyncDisposable>;
}

/** The daemons to measure: both real ones, then ours, on every runtime or on the first. */
export function findDaemons(all: readonly Runtime[], onlyFirst = false): Daemon[] {
  const runtimes = onlyFirst ? all.slice(0, 1) : all;
  return [
    { name: PEER, start: (cpu) => startXenstored({ cpu }) },
    { name: "oxenstored", start: (cpu) => startOxenstored({ cpu }) },
    ...runtimes.map((runtime) => ({
      name: `tsxs on ${runtime.name}`,
      start: (cpu: number) => startOurs(runtime, cpu),
    })),
  ];
}

async function startOurs(runtime: Runtime, cpu: number): Promise<Served & AsyncDisposable> {
  const directory = makeDirectory();
  const socket = join(directory, "socket");
  const { name, command } = variant(runtime, "daemon", socket);
  const helper = startHelper({ name, directory, command, deathSignal: "KILL", cpu });
  await helper.ready(() => answers(socket));
  return { socket, pid: helper.pid, [Symbol.asyncDispose]: () => helper.stop("SIGKILL") };
}

async function answers(socket: string): Promise<boolean> {
  try {
    await using store = await connect(`unix:${socket}`);
    return (await store.list("/")).length > 0;
  } catch {
    return false;
  }
}

/** What a client may have that stays connected while others are measured. */
export type Held = "idle" | "watches" | "watchers" | "transactions";

/** A daemon in a round, and what its measurement may do with it. */
export interface Bed {
  /** The CPU of the measured client. */
  readonly place: Place;
  /** Runs a program there. */
  run(program: Program): Promise<Sample>;
  /** A request's time in microseconds with the C binding, one request after another; arguments as of its script. */
  time(mode: string, count: number, warmUp: number, nodes?: number): Promise<number>;
  /** Starts a client on the CPU that is not the daemon's, which stays as it is until it is disposed of. */
  hold(what: Held, count: number): Promise<AsyncDisposable>;
}

/** Starts every daemon in every round, and measures each while it runs. */
export async function runDaemons(
  daemons: readonly Daemon[],
  rounds: number,
  { cpus }: Stores,
  placement: Placement,
  holder: Runtime,
  measure: (bed: Bed, daemon: Daemon) => Promise<Sample>,
): Promise<Results> {
  const results = new Results();
  for (let round = 0; round < rounds; round++) {
    const own = cpus[round % cpus.length] ?? 0;
    const other = cpus[(round + 1) % cpus.length] ?? own;
    for (const daemon of inTurn(daemons, round)) {
      await using store = await daemon.start(own);
      const place: Place = { store, cpu: placement === "same" ? own : other };
      const bed: Bed = {
        place,
        run: (program) => run(program, place),
        async time(mode, count, warmUp, nodes = 0) {
          const { us } = await run(python("xen.lowlevel.xs", mode, `${count}`, `${warmUp}`, `${nodes}`), place);
          return us ?? NaN;
        },
        hold: (what, count) => hold(variant(holder, "holder", what, `${count}`), { store, cpu: other }),
      };
      results.add(daemon.name, await measure(bed, daemon));
    }
  }
  return results;
}

async function hold({ name, command, env }: Program, { store, cpu }: Place): Promise<AsyncDisposable> {
  const child = spawn("taskset", ["-c", `${cpu}`, ...command], {
    env: { ...process.env, ...env, XENSTORED_PATH: store.socket },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ready = new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
  const early = ended.then(() => {
    throw new Error(`cannot measure: ${name} ended with code ${child.exitCode}`);
  });
  await Promise.race([ready, early]);
  early.catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
