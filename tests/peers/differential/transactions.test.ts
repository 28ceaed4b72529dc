// Concurrent transactions leave equal stores in our daemon and in the real C daemon.

import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Operation as Op } from "../../../src/wire/operations.ts";
import { type Link, Sheet } from "./link.ts";
import { Random, seedOf, Weighted } from "../../support/random.ts";
import { type Quotas, startOurs, startReal, type Tested } from "./stores.ts";
import { withPeers } from "../peers.ts";

const JOBS = 1500;
const COUNTERS = 4;
const ACCOUNTS = 4;
const BALANCE = 100;
/** The domains of the connections. Guests are few, because the C daemon throttles them while transactions are open. */
const SPEAKERS = [0, 0, 0, 0, 1] as const;
const GUEST_JOBS = 20;
const ROOT = "/work";

const quotas: Quotas = {
  "nodes": 100_000,
  "watches": 128,
  "transactions": 10,
  "transaction-nodes": 1024,
  "node-size": 1_000_000,
  "node-permissions": 5,
};

/** The job of one transaction. Its effect does not depend on the other jobs. */
type Job =
  | { readonly kind: "count"; readonly counter: number }
  | { readonly kind: "transfer"; readonly from: number; readonly to: number; readonly amount: number }
  | { readonly kind: "add" | "move" | "replace" | "remove"; readonly item: number }
  | { readonly kind: "sum" | "list" | "abandon" };

const kinds = new Weighted<Job["kind"]>([
  [30, "count"],
  [25, "transfer"],
  [15, "add"],
  [10, "move"],
  [8, "replace"],
  [6, "remove"],
  [8, "sum"],
  [4, "list"],
  [6, "abandon"],
]);

/** The jobs of each connection. */
function plan(random: Random): Job[][] {
  const jobs: Job[][] = SPEAKERS.map(() => []);
  for (let item = 0; item < JOBS; item++) {
    const connection = random.below(100) < 5 ? 4 : random.below(4);
    const own = jobs[connection];
    if (own === undefined || (connection === 4 && own.length >= GUEST_JOBS)) continue;
    const kind = kinds.pick(random);
    if (kind === "count") own.push({ kind, counter: random.below(COUNTERS) });
    else if (kind === "transfer") {
      const from = random.below(ACCOUNTS);
      own.push({ kind, from, to: (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS, amount: random.below(9) });
    } else if (kind === "sum" || kind === "list" || kind === "abandon") own.push({ kind });
    else own.push({ kind, item });
  }
  return jobs;
}

type Ask = (type: number, path: string, rest?: string) => Promise<string>;

class Refused extends Error {}

/** The result of a job. */
interface End {
  readonly commit: boolean;
  /** The sum of all accounts. A committed transaction must have seen this sum. */
  readonly sum?: number;
}

const COMMIT: End = { commit: true };

/** Runs the requests of a job. */
async function carryOut(job: Job, ask: Ask): Promise<End> {
  const read = async (path: string): Promise<number> => Number(await ask(Op.READ, path));
  const write = (path: string, value: number | string): Promise<string> => ask(Op.WRITE, path, `${value}`);
  switch (job.kind) {
    case "count": {
      const path = `${ROOT}/counters/${job.counter}`;
      await write(path, await read(path) + 1);
      return COMMIT;
    }
    case "transfer": {
      const [from, to] = [`${ROOT}/accounts/${job.from}`, `${ROOT}/accounts/${job.to}`];
      const [rest, more] = [await read(from), await read(to)];
      await write(from, rest - job.amount);
      await write(to, more + job.amount);
      return COMMIT;
    }
    case "add":
      await write(`${ROOT}/added/${job.item}/deep`, job.item);
      return COMMIT;
    case "move": {
      const value = await ask(Op.READ, `${ROOT}/from/${job.item}`);
      await write(`${ROOT}/to/${job.item}`, value);
      await ask(Op.RM, `${ROOT}/from/${job.item}`);
      return COMMIT;
    }
    case "replace":
      await ask(Op.RM, `${ROOT}/from/${job.item}`);
      await ask(Op.MKDIR, `${ROOT}/from/${job.item}/again`);
      return COMMIT;
    case "remove":
      await ask(Op.RM, `${ROOT}/from/${job.item}`);
      return COMMIT;
    case "sum": {
      let sum = 0;
      for (let account = 0; account < ACCOUNTS; account++) sum += await read(`${ROOT}/accounts/${account}`);
      return { commit: true, sum };
    }
    case "list":
      await ask(Op.DIRECTORY, `${ROOT}/added`);
      return COMMIT;
    case "abandon":
      await write(`${ROOT}/counters/0`, "none");
      await ask(Op.RM, `${ROOT}/accounts`);
      return { commit: false };
  }
}

/** The jobs of one connection, one request at a time. */
async function* work(link: Link, jobs: readonly Job[], tally: { retried: number }): AsyncGenerator<void> {
  const sheet = new Sheet();
  const send = async (type: number, tx: number, text: string): Promise<string> => {
    sheet.add({ type, id: 7, tx, text });
    const [reply] = await link.exchange(sheet.take(), 1);
    if (reply === undefined) throw new Error("the connection was closed");
    return reply.type === Op.ERROR ? `!${reply.text}` : reply.text;
  };
  for (const job of jobs) {
    for (let done = false; !done;) {
      const tx = Number((await send(Op.TRANSACTION_START, 0, "\0")).slice(0, -1));
      yield;
      const waiting: (() => void)[] = [];
      // Each request of the job waits for its turn.
      const ask: Ask = async (type, path, rest = "") => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        const reply = await send(type, tx, `${path}\0${rest}`);
        if (reply.startsWith("!")) throw new Refused(`${type} ${path}: ${reply}`);
        return reply;
      };
      let settled = false;
      const running = carryOut(job, ask).finally(() => settled = true);
      running.catch(() => {});
      while (!settled) {
        await tick();
        const turn = waiting.shift();
        if (turn === undefined) continue;
        turn();
        yield;
      }
      const end = await running.catch((error: unknown) => {
        // In the C daemon, a transaction may see a node, and later see that others have removed it.
        if (error instanceof Refused) return null;
        throw error;
      });
      const reply = await send(Op.TRANSACTION_END, tx, end?.commit ? "T\0" : "F\0");
      yield;
      if (end === null || reply === "!EAGAIN\0") {
        tally.retried++;
        continue;
      }
      assertEquals(reply, "OK\0");
      if (end.sum !== undefined) assertEquals(end.sum, ACCOUNTS * BALANCE, "the accounts' sum in a transaction");
      done = true;
    }
  }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Runs all jobs with a store, and returns its contents. */
async function runWith(store: Tested, jobs: readonly Job[][], random: Random): Promise<[string[], number]> {
  for (const domid of [1, 9]) await store.destroy(domid);
  store.create(1);
  const dom0 = await store.open(0);
  await prepare(dom0, jobs.flat());
  const links = [];
  for (const domid of SPEAKERS) {
    const link = await store.open(domid);
    // The C daemon's queue of new connections has room for two.
    await request(link, Op.GET_DOMAIN_PATH, "0\0");
    links.push(link);
  }
  const tally = { retried: 0 };
  const running = links.map((link, i) => work(link, jobs[i] ?? [], tally));
  while (running.length > 0) {
    const turn = random.below(running.length);
    if ((await running[turn]?.next())?.done !== false) running.splice(turn, 1);
  }
  const nodes: string[] = [];
  await list(dom0, ROOT, nodes);
  for (const link of [dom0, ...links]) await link.close();
  return [nodes, tally.retried];
}

async function request(link: Link, type: number, text: string): Promise<string> {
  const sheet = new Sheet();
  sheet.add({ type, id: 7, tx: 0, text });
  const [reply] = await link.exchange(sheet.take(), 1);
  if (reply === undefined || reply.type === Op.ERROR) throw new Error(`${type} ${text}: ${reply?.text}`);
  return reply.text;
}

async function prepare(dom0: Link, jobs: readonly Job[]): Promise<void> {
  await request(dom0, Op.INTRODUCE, "1\x001\x001\0");
  await request(dom0, Op.MKDIR, `${ROOT}\0`);
  await request(dom0, Op.SET_PERMS, `${ROOT}\0b0\0`);
  for (const name of ["added", "to"]) await request(dom0, Op.MKDIR, `${ROOT}/${name}\0`);
  for (let counter = 0; counter < COUNTERS; counter++) {
    await request(dom0, Op.WRITE, `${ROOT}/counters/${counter}\x000`);
  }
  for (let i = 0; i < ACCOUNTS; i++) await request(dom0, Op.WRITE, `${ROOT}/accounts/${i}\0${BALANCE}`);
  await request(dom0, Op.MKDIR, `${ROOT}/from\0`);
  for (const job of jobs) {
    if ("item" in job && job.kind !== "add") await request(dom0, Op.WRITE, `${ROOT}/from/${job.item}\0${job.item}`);
  }
}

/** All nodes with values and permissions. Children are sorted by name, because their order depends on the commits. */
async function list(dom0: Link, path: string, into: string[]): Promise<void> {
  const value = await request(dom0, Op.READ, `${path}\0`);
  into.push(`${path} = ${value} ${(await request(dom0, Op.GET_PERMS, `${path}\0`)).replaceAll("\0", " ")}`);
  const names: string[] = [];
  for (let offset = 0;;) {
    const [, ...part] = (await request(dom0, Op.DIRECTORY_PART, `${path}\0${offset}\0`)).split("\0");
    // The last name is followed by another NUL.
    const last = part.at(-2) === "";
    names.push(...part.slice(0, last ? -2 : -1));
    offset = names.reduce((sum, name) => sum + name.length + 1, 0);
    if (last) break;
  }
  for (const name of names.sort()) await list(dom0, `${path}/${name}`, into);
}

function countersIn(nodes: readonly string[]): number {
  return nodes.reduce((sum, node) => sum + Number(/\/counters\/\d+ = (\d+) /.exec(node)?.[1] ?? 0), 0);
}

withPeers("transactions that meet", () => {
  test("concurrent transactions of several connections leave equal stores in our daemon and in the C daemon", async () => {
    const seed = seedOf(process.env.TSXS_SEED);
    console.log(`TSXS_SEED=${seed}`);
    const jobs = plan(new Random(seed));
    await using real = await startReal(quotas);
    await using ours = startOurs(quotas, seed % 2 === 0 ? "memory" : "sockets");
    const [inReal, conflicts] = await runWith(real, jobs, new Random(seed + 1));
    const [inOurs, ourConflicts] = await runWith(ours, jobs, new Random(seed + 1));
    assertEquals(inOurs, inReal);
    assertEquals(countersIn(inOurs), jobs.flat().filter(({ kind }) => kind === "count").length);
    assert(conflicts > 100 && ourConflicts > 50, `too few met: ${conflicts} and ${ourConflicts}`);
  });
});
