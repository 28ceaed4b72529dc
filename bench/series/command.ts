// The command as a process: its start beside an empty program and the tools, and lists and dumps of large trees.

import { createWriteStream } from "node:fs";
import { spawn } from "node:child_process";
import process from "node:process";
import { type Client, connect } from "../../mod.ts";
import { cached, measured, type Program, python, starter, tsxs, xenstoreLs } from "../programs.ts";
import { findDaemons } from "../daemons.ts";
import { type Place, Results, run, runRounds } from "../rounds.ts";
import { differences, spread } from "../statistics.ts";
import { spreadText, table } from "../table.ts";
import { type Context, type Series, verdict } from "./series.ts";
import { TREE } from "../tree.ts";

const GOAL_READ_MS = 15;
const DUMPS = "/bench/dumps";
/** The numbers of nodes of the dumped trees: the middle one is the one whose time counts. */
const SIZES = [10_000, 100_000, 300_000] as const;
const QUICK_SIZES = [100, 1000, 3000] as const;
const IN_FLIGHT = 1000;
const [PER_DIRECTORY, DIRECTORIES] = [20, 50];

/** One read as a process. */
const readSeries: Series = {
  name: "command-read",
  title: "One read as a process, and what it adds to an empty program of the same runtime",
  async run({ runtimes, stores, quick, print }: Context) {
    const tool = measured({ name: "xenstore-read", command: ["/usr/bin/xenstore-read", "/bench/value"] });
    const script = measured(python("pyxs", "read", "1", "0", "0"));
    const empties = runtimes.map((runtime) => starter(runtime, "empty"));
    const reads = runtimes.map((runtime) => tsxs(runtime, "read", "/bench/value"));
    const all = [tool, script, ...empties, ...reads];
    const results = await runRounds(all, quick ? 2 : 21, stores, "same");
    const row = ({ name }: Program): string[] => [
      name,
      spreadText(results.spread(name, "cpu")),
      spreadText(results.spread(name, "elapsed")),
    ];
    const rows = reads.map((read, at) => {
      const empty = empties[at]?.name ?? "";
      const more = spread(differences(results.values(read.name, "cpu"), results.values(empty, "cpu")));
      const isNode = read.name.includes("Node");
      return [...row(read), spreadText(more), isNode ? verdict(more.median, GOAL_READ_MS) : ""];
    });
    print(table(["", "CPU ms", "ms", "CPU ms over empty", ""], [...[tool, script, ...empties].map(row), ...rows]));
  },
};

/** A list of a large tree. */
const lsSeries: Series = {
  name: "command-ls",
  title: "A list of 11,111 nodes, as a process",
  async run({ runtimes, stores, quick, print }: Context) {
    const peer = measured(xenstoreLs(TREE));
    const lists = runtimes.map((runtime) => tsxs(runtime, "ls", TREE));
    for (const placement of stores.placements) {
      const results = await runRounds([peer, ...lists], quick ? 1 : 7, stores, placement);
      const rows = [peer, ...lists].map(({ name }) => {
        const [elapsed, cpu] = ["elapsed", "cpu"].map((key) => spreadText(results.spread(name, key)));
        if (name === peer.name) return [name, elapsed ?? "", cpu ?? "", "1", ""];
        const ratio = results.ratio(name, "elapsed", peer.name);
        return [name, elapsed ?? "", cpu ?? "", spreadText(ratio), verdict(ratio.median, 1)];
      });
      print(table([`on ${placement === "same" ? "one CPU" : "two CPUs"}`, "ms", "CPU ms", "by xenstore-ls", ""], rows));
    }
  },
};

/** Dumps and restores of trees of three sizes. */
const dumpSeries: Series = {
  name: "command-dump",
  title: "Dumps and restores, as processes: seconds and the peak of the memory by the number of nodes",
  async run({ runtimes, stores, quick, print }: Context) {
    const sizes = quick ? QUICK_SIZES : SIZES;
    const place = stores.place("cross", 0);
    await using store = await connect(`unix:${place.store.socket}`);
    // One transaction of many nodes costs xenstored the square of their number, so restores have a daemon of ours.
    const [own] = findDaemons(runtimes, true).slice(-1);
    if (own === undefined) throw new Error("no runtime is installed");
    const [cpu = 0] = stores.cpus;
    await using served = await own.start(cpu);
    const into: Place = { store: served, cpu: place.cpu };
    await using target = await connect(`unix:${served.socket}`);
    const results = new Results();
    for (const size of sizes) {
      await fill(store, `${DUMPS}/${size}`, size);
      const file = cached(`dump-${size}`);
      await save(runtimes, size, file, place.store.socket);
      for (let round = 0; round < (quick ? 1 : 3); round++) {
        for (const runtime of runtimes) {
          const dumped = await run(tsxs(runtime, "dump", `${DUMPS}/${size}`), place);
          results.add(`dump ${size} ${runtime.name}`, dumped);
          results.add(`restore ${size} ${runtime.name}`, await run(tsxs(runtime, "restore", "--yes", file), into));
          await target.delete(`${DUMPS}/${size}`);
        }
      }
      await store.delete(`${DUMPS}/${size}`);
    }
    const rows = ["dump", "restore"].flatMap((what) =>
      runtimes.map(({ name }) => [
        `${what}, ${name}`,
        ...sizes.flatMap((size) =>
          ["elapsed", "peak"].map((key) => spreadText(results.spread(`${what} ${size} ${name}`, key)))
        ),
      ])
    );
    print(table(["", ...sizes.flatMap((size) => [`${size}: ms`, "peak MB"])], rows));
  },
};

/** Makes a tree: directories of 50 directories of 20 nodes. */
async function fill(store: Client, top: string, nodes: number): Promise<void> {
  for (let done = 0; done < nodes; done += IN_FLIGHT) {
    const count = Math.min(IN_FLIGHT, nodes - done);
    await Promise.all(Array.from({ length: count }, (_, i) => {
      const directory = Math.floor((done + i) / PER_DIRECTORY);
      const path = `${top}/${Math.floor(directory / DIRECTORIES)}/${directory % DIRECTORIES}/${i % PER_DIRECTORY}`;
      return store.write(path, `value of node ${done + i}`);
    }));
  }
}

/** Saves the dump of a tree in a file. */
async function save([runtime]: Context["runtimes"], size: number, file: string, socket: string): Promise<void> {
  if (runtime === undefined) throw new Error("no runtime is installed");
  // Without the program that measures, which drops the output.
  const [program = "", ...args] = tsxs(runtime, "dump", `${DUMPS}/${size}`).command.slice(2);
  const child = spawn(program, args, {
    env: { ...process.env, XENSTORED_PATH: socket },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = child.stdout.pipe(createWriteStream(file));
  const [code] = await Promise.all([
    new Promise<number | null>((resolve) => child.on("close", resolve)),
    new Promise<void>((resolve) => output.on("close", () => resolve())),
  ]);
  if (code !== 0) throw new Error(`cannot dump ${size} nodes: the command ended with code ${code}`);
}

/** All series of the command. */
export const commandSeries: readonly Series[] = [readSeries, lsSeries, dumpSeries];
