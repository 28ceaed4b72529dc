// Does the same steps with two stores, and compares every reply and every event.

import type { Buffer } from "node:buffer";
import { Operation as Op } from "../../../src/wire/operations.ts";
import { type Answer, answers, sameAnswer, unique } from "./answers.ts";
import type { Case, Difference, Speaker, Window } from "./differences.ts";
import { CHANGES, NONE, OpenTransactions, type Resolved } from "./open.ts";
import { type Link, type Message, Sheet } from "./link.ts";
import { GUESTS, NOBODY, type Request, SLOTS, type Step } from "./steps.ts";
import type { Tested } from "./stores.ts";

const BARRIER: Message = { type: Op.GET_DOMAIN_PATH, id: 0xb0b0b0b0, tx: 0, text: "0\0" };

/** A reply or a series of events that differs, without an intended difference. */
export interface Mismatch {
  readonly slot: number;
  /** Null if another connection caused the events. */
  readonly request: Request | null;
  /** The requests since the last check of the connection. */
  readonly window: Window;
  readonly real: Answer;
  readonly ours: Answer;
}

/** A request and its answer, for the report. */
export interface Exchange {
  readonly step: number;
  readonly slot: number;
  readonly request: Request;
  readonly answer: Answer;
}

/** A connection to each store, and its state. */
interface Pair {
  readonly domid: number;
  real: Link;
  ours: Link;
  readonly speaker: Speaker;
  readonly transactions: OpenTransactions;
  /** Whether it may have watches. */
  watching: boolean;
}

/** How often each request ended with which error, or with success: shows what a test has reached. */
export type Reached = Map<string, number>;

/** Two stores that do the same steps. */
export class Comparison {
  readonly #real: Tested;
  readonly #ours: Tested;
  readonly #differences: readonly Difference[];
  readonly #used: Map<string, number>;
  readonly #reached: Reached;
  readonly #pairs: (Pair | null)[] = SLOTS.map(() => null);
  /** Domains that are targets. C daemons, also current ones, release such a domain only at the second attempt. */
  readonly #targets = new Map<number, Set<number>>();
  /** Domids that were released at least once. */
  readonly #departed = new Set<number>();
  #departures = 0;
  /** The connections in the order in which the C daemon handles them. */
  #order: number[] = [];
  readonly #generations = new Map<string, { real: string; ours: string; departures: number }>();
  readonly #sheet = new Sheet();
  #lastId = 0;
  /** All requests and answers. */
  readonly history: Exchange[] = [];
  /** The number of steps that were begun. */
  steps = 0;
  /** The number of requests that were sent. */
  sent = 0;

  /** Takes two fresh stores, the intended differences, and counters. */
  constructor(
    real: Tested,
    ours: Tested,
    differences: readonly Difference[],
    used: Map<string, number> = new Map(),
    reached: Reached = new Map(),
  ) {
    this.#real = real;
    this.#ours = ours;
    this.#differences = differences;
    this.#used = used;
    this.#reached = reached;
  }

  /** Makes both stores equal, and connects to them as every domain. */
  async start(): Promise<void> {
    for (const domid of [...NOBODY, ...GUESTS]) await this.#both((store) => store.destroy(domid));
    for (const [slot, domid] of SLOTS.entries()) if (domid === 0) await this.#connect(slot);
    const requests: Request[] = [
      { type: Op.RM, text: "/local\0", tx: 0 },
      { type: Op.MKDIR, text: "/local/domain\0", tx: 0 },
      { type: Op.WRITE, text: "/tool/xenstored\0", tx: 0 },
      { type: Op.SET_PERMS, text: "@releaseDomain\0n0\0", tx: 0 },
    ];
    for (const domid of GUESTS) {
      const home = `/local/domain/${domid}`;
      requests.push(
        { type: Op.MKDIR, text: `${home}\0`, tx: 0 },
        { type: Op.SET_PERMS, text: `${home}\0b0\0`, tx: 0 },
        { type: Op.MKDIR, text: `/${"abcd"[domid]}\0`, tx: 0 },
        { type: Op.SET_PERMS, text: `/${"abcd"[domid]}\0b0\0`, tx: 0 },
      );
    }
    const pair = this.#pairs[0];
    if (pair === null || pair === undefined) throw new Error("there is no connection");
    const [bytes] = this.#encode(requests.map((request) => ({ request, ids: NONE })));
    const count = requests.length + 1;
    await Promise.all([pair.real.exchange(bytes, count), pair.ours.exchange(bytes, count)]);
    for (const domid of GUESTS) {
      const step = {
        kind: "send",
        slot: 0,
        requests: [{ type: Op.INTRODUCE, text: `${domid}\x001\x001\0`, tx: 0 }],
      } as const;
      const mismatch = await this.do(step);
      if (mismatch !== null) throw new Error(`cannot introduce domain ${domid}: ${JSON.stringify(mismatch)}`);
    }
    this.history.length = 0;
    this.sent = 0;
  }

  /** Does one step with both stores. Returns the first unintended difference. */
  async do(step: Step): Promise<Mismatch | null> {
    this.steps++;
    switch (step.kind) {
      case "send":
        return await this.#sendAll(step.slot, step.requests);
      case "reopen": {
        await this.#disconnect(step.slot);
        await this.#connect(step.slot);
        return null;
      }
      case "oversize":
        return await this.#oversize(step.slot, step.length);
      case "shutdown":
      case "destroy":
        return await this.#hypervisor(step.kind, step.domid);
    }
  }

  /** Ends all connections. */
  async end(): Promise<void> {
    for (const slot of SLOTS.keys()) await this.#disconnect(slot);
  }

  async #both(act: (store: Tested) => void | Promise<void>): Promise<void> {
    await Promise.all([act(this.#real), act(this.#ours)]);
  }

  /** Connects. `nextReal` is set if the C daemon continues to count a guest's transactions. */
  async #connect(slot: number, nextReal?: number): Promise<void> {
    const domid = SLOTS[slot] ?? 0;
    const [real, ours] = await Promise.all([this.#real.open(domid), this.#ours.open(domid)]);
    // The C daemon's queue of new connections has room for two.
    this.#sheet.add(BARRIER);
    const bytes = this.#sheet.take();
    await Promise.all([real.exchange(bytes, 1), ours.exchange(bytes, 1)]);
    const isRenumbered = nextReal !== undefined;
    const speaker = { domid, home: `/local/domain/${domid}`, isRenumbered };
    const transactions = new OpenTransactions(nextReal ?? 1);
    if (!isRenumbered) this.#order = [...this.#order.filter((other) => other !== slot), slot];
    this.#pairs[slot] = { domid, real, ours, speaker, transactions, watching: false };
  }

  async #disconnect(slot: number): Promise<void> {
    const pair = this.#pairs[slot] ?? null;
    this.#pairs[slot] = null;
    if (pair !== null) await Promise.all([pair.real.close(), pair.ours.close()]);
  }

  /** Divides a series of requests, and sends each request alone that introduces or releases a domain. */
  async #sendAll(slot: number, requests: readonly Request[]): Promise<Mismatch | null> {
    let from = 0;
    for (const [i, request] of requests.entries()) {
      if (SLOTS[slot] !== 0 && request.type === Op.RM && request.tx !== 0) {
        // The C daemon may have removed a part of the subtree, and the transaction must be rolled back.
        const mismatch = await this.#send(slot, requests.slice(from, i + 1));
        if (mismatch !== null) return mismatch;
        from = i + 1;
        continue;
      }
      const alone = SLOTS[slot] === 0 && (request.type === Op.INTRODUCE || request.type === Op.RELEASE);
      if (!alone) continue;
      const mismatch = await this.#send(slot, requests.slice(from, i)) ?? await this.#life(slot, request);
      if (mismatch !== null) return mismatch;
      from = i + 1;
    }
    return await this.#send(slot, requests.slice(from));
  }

  /** INTRODUCE and RELEASE by domain 0. */
  async #life(slot: number, request: Request): Promise<Mismatch | null> {
    const domid = GUESTS.find((guest) => request.text.startsWith(`${guest}\0`));
    if (domid === undefined) return await this.#send(slot, [request]);
    const guest = SLOTS.indexOf(domid);
    const introduced = this.#pairs[guest] !== null;
    if (request.type === Op.INTRODUCE) {
      if (!introduced) {
        await this.#both((store) => store.create(domid));
        // 4.17 grants the new domain rights that were set immediately before.
        await this.#send(slot, [{ type: Op.WRITE, text: "/tool/xenstored\0", tx: 0 }]);
      }
      const answered = await this.#send(slot, [request], domid);
      if (answered !== null || this.history.at(-1)?.answer.reply?.type === Op.ERROR) return answered;
      const nextReal = this.#pairs[guest]?.transactions.nextReal;
      await this.#disconnect(guest);
      await this.#connect(guest, nextReal);
      return null;
    }
    if (this.#isTarget(domid)) return null;
    // The C daemon keeps the connection that follows the caller's in its list: it would end only after the reply.
    if (this.#order[this.#order.indexOf(slot) + 1] === guest) slot = (slot + 1) % 3;
    const answered = await this.#send(slot, [request], domid);
    if (answered !== null || this.history.at(-1)?.answer.reply?.type === Op.ERROR) return answered;
    await this.#both((store) => store.destroy(domid));
    await this.#departs(domid);
    return null;
  }

  #isTarget(domid: number): boolean {
    return [...this.#targets.values()].some((targets) => targets.has(domid));
  }

  async #departs(domid: number): Promise<void> {
    this.#targets.delete(domid);
    this.#departed.add(domid);
    this.#departures++;
    const guest = SLOTS.findIndex((slot) => slot === domid);
    this.#order = this.#order.filter((slot) => slot !== guest);
    await this.#disconnect(guest);
  }

  async #hypervisor(kind: "shutdown" | "destroy", domid: number): Promise<Mismatch | null> {
    const introduced = this.#pairs[SLOTS.findIndex((slot) => slot === domid)] !== null;
    if (!introduced || (kind === "destroy" && this.#isTarget(domid))) return null;
    if (kind === "destroy") this.#missChange();
    await this.#both((store) => store[kind](domid));
    if (kind === "destroy") await this.#departs(domid);
    return await this.#barriers(-1, []);
  }

  async #oversize(slot: number, length: number): Promise<Mismatch | null> {
    const pair = this.#pairs[slot];
    if (pair === null || pair === undefined) return null;
    this.#sheet.add({ type: Op.READ, id: 1, tx: 0, text: "" }, length);
    const bytes = this.#sheet.take();
    const [real, ours] = await Promise.all([pair.real.exchange(bytes, 1), pair.ours.exchange(bytes, 1)]);
    const request = { type: Op.READ, text: `(of ${length} bytes)`, tx: 0 };
    const window: Window = { requests: [request], departed: this.#departed };
    const mismatch = this.#compare(slot, request, window, answers(real, [0])[0], answers(ours, [0])[0]);
    await this.#disconnect(slot);
    await this.#connect(slot);
    return mismatch;
  }

  #missChange(): void {
    for (const pair of this.#pairs) pair?.transactions.missChange();
  }

  /** Requests and a barrier, for the real store and for ours. */
  #encode(requests: readonly Resolved[]): [Buffer, Buffer] {
    const firstId = this.#lastId;
    const encode = (which: "real" | "ours"): Buffer => {
      this.#lastId = firstId;
      for (const { request: { type, text }, ids } of requests) {
        this.#lastId = (this.#lastId + 0x1003) >>> 0;
        this.#sheet.add({ type, id: this.#lastId, tx: ids[which], text });
      }
      this.#sheet.add(BARRIER);
      return this.#sheet.take();
    };
    const real = encode("real");
    return [real, requests.some(({ ids }) => ids.real !== ids.ours) ? encode("ours") : real];
  }

  async #send(slot: number, wanted: readonly Request[], departing?: number): Promise<Mismatch | null> {
    const pair = this.#pairs[slot];
    if (pair === null || pair === undefined || wanted.length === 0) return null;
    if (departing !== undefined) this.#missChange();
    const resolved = pair.transactions.resolve(wanted.map((one) => this.#shortened(one)), () => this.#missChange());
    const requests = resolved.map(({ request }) => request);
    const count = requests.length;
    const [toReal, toOurs] = this.#encode(resolved);
    this.sent += count;
    const [real, ours] = await Promise.all([
      pair.real.exchange(toReal, count + 1),
      pair.ours.exchange(toOurs, count + 1),
    ]);
    const several = count > 1;
    const reals = answers(several ? unique(real) : real, resolved.map(({ ids }) => ids.real));
    const ourss = answers(several ? unique(ours) : ours, resolved.map(({ ids }) => ids.ours));
    const window: Window = { requests, departed: this.#departed };
    let mismatch: Mismatch | null = null;
    for (const [i, request] of [...requests, null].entries()) {
      const [one, other] = [reals[i], ourss[i]];
      mismatch ??= this.#compare(slot, request, window, one, other);
      if (request !== null && one !== undefined) this.#note(pair, slot, request, one);
    }
    pair.transactions.learn(resolved, reals, ourss);
    if (mismatch !== null) return mismatch;
    const fires = requests.some(({ type }) => FIRING.includes(type));
    return fires ? await this.#barriers(slot, requests, departing) : null;
  }

  /** 4.17 counts permissions of ended domains in a node's size. Afterwards no node is near the size limit. */
  #shortened(request: Request): Request {
    const { type, text } = request;
    if (type !== Op.WRITE || this.#departed.size === 0 || !LARGE.test(text)) return request;
    return { ...request, text: text.slice(0, text.indexOf("\0") + 200) };
  }

  #note(pair: Pair, slot: number, request: Request, answer: Answer): void {
    const { type, text } = request;
    const { reply } = answer;
    this.history.push({ step: this.steps, slot, request, answer });
    const outcome = reply === null ? "closed" : reply.type === Op.ERROR ? reply.text.slice(0, -1) : "ok";
    this.#reached.set(`${type} ${outcome}`, (this.#reached.get(`${type} ${outcome}`) ?? 0) + 1);
    if (outcome !== "ok") return;
    if (type === Op.WATCH) pair.watching = true;
    if (type === Op.RESET_WATCHES) pair.watching = false;
    if (type !== Op.SET_TARGET) return;
    const [domid = 0, target = 0] = text.split("\0").map(Number);
    this.#targets.set(domid, (this.#targets.get(domid) ?? new Set()).add(target));
  }

  /** Compares the events that the other connections received. */
  async #barriers(slot: number, requests: readonly Request[], departing?: number): Promise<Mismatch | null> {
    const window: Window = { requests, departed: this.#departed };
    const several = requests.length !== 1;
    const waiting = this.#pairs.map(async (pair, other): Promise<Mismatch | null> => {
      if (pair === null || other === slot || pair.domid === departing || !pair.watching) return null;
      this.#sheet.add(BARRIER);
      const bytes = this.#sheet.take();
      const [real, ours] = await Promise.all([pair.real.exchange(bytes, 1), pair.ours.exchange(bytes, 1)]);
      const [one, another] = [answers(several ? unique(real) : real)[0], answers(several ? unique(ours) : ours)[0]];
      return this.#compare(other, null, window, one, another);
    });
    return (await Promise.all(waiting)).find((mismatch) => mismatch !== null) ?? null;
  }

  #compare(slot: number, request: Request | null, window: Window, real?: Answer, ours?: Answer): Mismatch | null {
    const one = real ?? { events: [], reply: null };
    const other = ours ?? { events: [], reply: null };
    if (sameAnswer(one, other)) return this.#sameGenerations(slot, request, window, one, other);
    const speaker = this.#pairs[slot]?.speaker ?? { domid: 0, home: "", isRenumbered: false };
    const found: Case = { request, speaker, window, real: one, ours: other };
    for (const { name, accepts } of this.#differences) {
      if (!accepts(found)) continue;
      this.#used.set(name, (this.#used.get(name) ?? 0) + 1);
      return this.#sameGenerations(slot, request, window, one, other);
    }
    return { slot, request, window, real: one, ours: other };
  }

  /** Generations differ in number, but must change together. */
  #sameGenerations(slot: number, request: Request | null, window: Window, real: Answer, ours: Answer): Mismatch | null {
    if (request?.type !== Op.DIRECTORY_PART || request.tx !== 0 || real.reply?.type !== Op.DIRECTORY_PART) return null;
    const path = request.text.slice(0, request.text.indexOf("\0"));
    const absolute = path.startsWith("/") ? path : `${this.#pairs[slot]?.speaker.home}/${path}`;
    const [one = "", other = ""] = [real.reply.text.split("\0")[0], ours.reply?.text.split("\0")[0]];
    const last = this.#generations.get(absolute);
    this.#generations.set(absolute, { real: one, ours: other, departures: this.#departures });
    // Removing a domain's permissions changes a node, and 4.17 does not do it.
    const comparable = last?.departures === this.#departures;
    const together = !comparable || (last.real === one) === (last.ours === other);
    return together ? null : { slot, request, window, real, ours };
  }
}

const LARGE = /\0y{200,}/;
const FIRING: readonly number[] = [...CHANGES, Op.TRANSACTION_END, Op.INTRODUCE, Op.RELEASE];
