// Concurrent transactions are serializable: a simple model without transactions must give the same answers.

import process from "node:process";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { Daemon } from "../../src/daemon/daemon.ts";
import { Operation as Op } from "../../src/wire/operations.ts";
import { Link, Sheet } from "../peers/differential/link.ts";
import { Random, seedOf, Weighted } from "../support/random.ts";

/** A request, with one character for each byte of its payload. */
interface Request {
  readonly type: number;
  readonly text: string;
}

interface Node {
  readonly value: string;
  readonly permissions: string;
  /** In the order of creation. */
  readonly children: readonly string[];
}

/** A simple store without transactions: every node by its path. Nodes are immutable. */
class Model {
  readonly #nodes: Map<string, Node>;

  constructor(nodes: Iterable<readonly [string, Node]>) {
    this.#nodes = new Map(nodes);
  }

  /** A copy of the store. */
  copy(): Model {
    return new Model(this.#nodes);
  }

  /** Whether the other store is the same. */
  equals(other: Model): boolean {
    if (this.#nodes.size !== other.#nodes.size) return false;
    return [...this.#nodes].every(([path, node]) => other.#nodes.get(path) === node);
  }

  /** The paths of all nodes. */
  get paths(): string[] {
    return [...this.#nodes.keys()];
  }

  /** The reply's payload; an error begins with "!". */
  answer({ type, text }: Request): string {
    const [path = "", ...rest] = text.split("\0");
    const node = this.#nodes.get(path);
    switch (type) {
      case Op.READ:
        return node?.value ?? "!ENOENT\0";
      case Op.DIRECTORY:
        return node?.children.map((name) => `${name}\0`).join("") ?? "!ENOENT\0";
      case Op.GET_PERMS:
        return node?.permissions ?? "!ENOENT\0";
      case Op.WRITE:
        this.#nodes.set(path, { ...this.#made(path), value: rest.join("\0") });
        return "OK\0";
      case Op.MKDIR:
        this.#made(path);
        return "OK\0";
      case Op.SET_PERMS:
        if (node === undefined) return "!ENOENT\0";
        this.#nodes.set(path, { ...node, permissions: rest.join("\0") });
        return "OK\0";
      case Op.RM:
        return this.#remove(path);
      default:
        throw new RangeError(`no operation ${type}`);
    }
  }

  #made(path: string): Node {
    const known = this.#nodes.get(path);
    if (known !== undefined) return known;
    const above = this.#made(parentOf(path));
    this.#nodes.set(parentOf(path), { ...above, children: [...above.children, nameOf(path)] });
    const node = { value: "", permissions: above.permissions, children: [] };
    this.#nodes.set(path, node);
    return node;
  }

  #remove(path: string): string {
    const above = this.#nodes.get(parentOf(path));
    if (above === undefined) return "!ENOENT\0";
    if (!this.#nodes.has(path)) return "OK\0";
    for (const other of this.paths) if (other === path || other.startsWith(`${path}/`)) this.#nodes.delete(other);
    this.#nodes.set(parentOf(path), { ...above, children: above.children.filter((name) => name !== nameOf(path)) });
    return "OK\0";
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** An open transaction, and its model. */
interface Open {
  readonly id: number;
  readonly connection: number;
  /** The store at the start of the transaction. */
  readonly start: Model;
  /** The store as the transaction sees it. */
  readonly view: Model;
  readonly told: { readonly request: Request; readonly reply: string }[];
}

const CONNECTIONS = 4;
const OPEN_MAX = 6;
const STEPS = 30_000;
const ROOT = "/t";

const paths = ["/t/a", "/t/b", "/t/a/x", "/t/a/y", "/t/b/x", "/t/b/x/1", "/t/c", ROOT] as const;
const operations = new Weighted<number>([
  [20, Op.READ],
  [10, Op.DIRECTORY],
  [5, Op.GET_PERMS],
  [25, Op.WRITE],
  [10, Op.MKDIR],
  [12, Op.RM],
  [5, Op.SET_PERMS],
]);
const reads = new Weighted<number>([[3, Op.READ], [2, Op.DIRECTORY], [1, Op.GET_PERMS]]);

/** How often a transaction ended in which way. */
interface Tally {
  committed: number;
  /** Commits after others had committed. */
  merged: number;
  /** Commits without changes, after others had committed. */
  past: number;
  refused: number;
  dropped: number;
}

class History {
  readonly #random: Random;
  readonly #links: readonly Link[];
  readonly #sheet = new Sheet();
  readonly tally: Tally = { committed: 0, merged: 0, past: 0, refused: 0, dropped: 0 };
  #live = new Model([]);
  #open: Open[] = [];
  #step = 0;

  constructor(seed: number, daemon: Daemon) {
    this.#random = new Random(seed);
    this.#links = Array.from({ length: CONNECTIONS }, () => Link.transport(daemon.connect()));
  }

  async run(): Promise<void> {
    await this.#ask(0, { type: Op.MKDIR, text: `${ROOT}\0` });
    this.#live = await this.#stored();
    for (this.#step = 0; this.#step < STEPS; this.#step++) {
      await this.#next();
      if (this.#step % 500 === 0) await this.#compareAll();
    }
    for (const open of this.#open) await this.#end(open, false);
    await this.#compareAll();
  }

  async #next(): Promise<void> {
    const random = this.#random;
    const open = this.#open[random.below(OPEN_MAX)];
    const choice = random.below(100);
    if (open === undefined) {
      if (choice < 40 && this.#open.length < OPEN_MAX) await this.#start(random.below(CONNECTIONS));
      else if (choice < 60) await this.#outside(this.#request(operations));
      else await this.#outside(this.#request(reads));
    } else if (choice < 75) await this.#inside(open, this.#request(choice < 30 ? reads : operations));
    else await this.#end(open, choice < 96);
  }

  #request(kinds: Weighted<number>): Request {
    const random = this.#random;
    const type = kinds.pick(random);
    let path: string = random.of(paths);
    // Removing the root too often would leave no conflicts.
    if (type === Op.RM && path === ROOT && random.often(900)) path = "/t/a";
    const rest = type === Op.WRITE
      ? `${random.below(4)}`
      : type === Op.SET_PERMS
      ? random.of(["n0\0", "b0\0", "n0\0r3\0"])
      : "";
    return { type, text: `${path}\0${rest}` };
  }

  async #start(connection: number): Promise<void> {
    const id = Number((await this.#ask(connection, { type: Op.TRANSACTION_START, text: "\0" })).slice(0, -1));
    this.#open.push({ id, connection, start: this.#live.copy(), view: this.#live.copy(), told: [] });
  }

  async #outside(request: Request): Promise<void> {
    const reply = await this.#ask(this.#random.below(CONNECTIONS), request);
    this.#same(reply, this.#live.answer(request), request);
  }

  async #inside(open: Open, request: Request): Promise<void> {
    const reply = await this.#ask(open.connection, request, open.id);
    this.#same(reply, open.view.answer(request), request, "in a transaction, ");
    open.told.push({ request, reply });
  }

  async #end(open: Open, commit: boolean): Promise<void> {
    this.#open = this.#open.filter((other) => other !== open);
    const { id, connection, start, view, told } = open;
    const reply = await this.#ask(connection, { type: Op.TRANSACTION_END, text: commit ? "T\0" : "F\0" }, id);
    if (!commit) {
      this.#equal(reply, "OK\0", "giving up a transaction");
      this.tally.dropped++;
      return;
    }
    const overtaken = !this.#live.equals(start);
    if (view.equals(start)) {
      // The transaction counts as committed when it started.
      this.#equal(reply, "OK\0", "a transaction that changed nothing");
      if (overtaken) this.tally.past++;
      return;
    }
    const after = this.#live.copy();
    const before = told.find(({ request, reply }) => after.answer(request) !== reply);
    if (before === undefined) {
      this.#equal(reply, "OK\0", "a transaction that would be told the same now");
      this.#live = after;
      this.tally.committed++;
      if (overtaken) this.tally.merged++;
    } else {
      this.#equal(
        reply,
        "!EAGAIN\0",
        `a transaction that would be told something else of ${shown(before.request)} now`,
      );
      this.tally.refused++;
    }
  }

  async #compareAll(): Promise<void> {
    const stored = await this.#stored();
    for (const path of new Set([...stored.paths, ...this.#live.paths])) {
      for (const type of [Op.READ, Op.DIRECTORY, Op.GET_PERMS]) {
        const request = { type, text: `${path}\0` };
        this.#same(stored.answer(request), this.#live.answer(request), request, "in the end, ");
      }
    }
  }

  /** Reads the whole store. */
  async #stored(): Promise<Model> {
    const nodes: [string, Node][] = [];
    const look = async (path: string): Promise<void> => {
      const value = await this.#ask(0, { type: Op.READ, text: `${path}\0` });
      const permissions = await this.#ask(0, { type: Op.GET_PERMS, text: `${path}\0` });
      const children = (await this.#ask(0, { type: Op.DIRECTORY, text: `${path}\0` })).split("\0").slice(0, -1);
      nodes.push([path, { value, permissions, children }]);
      for (const name of children) await look(path === "/" ? `/${name}` : `${path}/${name}`);
    };
    await look("/");
    return new Model(nodes);
  }

  async #ask(connection: number, { type, text }: Request, tx = 0): Promise<string> {
    this.#sheet.add({ type, id: this.#step, tx, text });
    const [reply] = await this.#links[connection]?.exchange(this.#sheet.take(), 1) ?? [];
    if (reply === undefined) return this.#fail(`got no reply to ${shown({ type, text })}`);
    return reply.type === Op.ERROR ? `!${reply.text}` : reply.text;
  }

  #same(ours: string, model: string, request: Request, where = ""): void {
    if (ours !== model) this.#fail(`${where}${shown(request)} got ${shownText(ours)}: expected ${shownText(model)}`);
  }

  #equal(ours: string, expected: string, what: string): void {
    if (ours !== expected) this.#fail(`${what} got ${shownText(ours)}: expected ${shownText(expected)}`);
  }

  #fail(what: string): never {
    throw new Error(`step ${this.#step}: ${what}`);
  }
}

function shownText(text: string): string {
  return JSON.stringify(text.replaceAll("\0", "|"));
}

function shown({ type, text }: Request): string {
  const name = Object.entries(Op).find(([, number]) => number === type)?.[0];
  return `${name} ${shownText(text)}`;
}

test("concurrent transactions of several connections have the effect of a serial order", async () => {
  const first = seedOf(process.env.TSXS_SEED);
  for (let seed = first; seed < first + 3; seed++) {
    await using daemon = new Daemon();
    const history = new History(seed, daemon);
    try {
      await history.run();
    } catch (error) {
      throw new Error(`TSXS_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`);
    }
    const rare = Object.entries(history.tally).filter(([, count]) => count < STEPS / 1000).map(([name]) => name);
    assertEquals(rare, [], JSON.stringify(history.tally));
  }
});
