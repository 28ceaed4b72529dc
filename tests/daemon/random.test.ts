// Random requests of guests and of domain 0, while domains come and go. All accounts and a follower must stay correct.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { endDomain, shutDownDomain } from "../../src/daemon/state/lifecycle.ts";
import { randomNumbers } from "../support/random.ts";
import { type Asked, type Asker, type Speaker, TestStore, Transaction } from "./support.ts";

const GUESTS = [1, 2, 3, 4];
const QUOTAS = {
  "nodes": 12,
  "memory": 6000,
  "transactions": 3,
  "transaction-nodes": 12,
  "node-size": 150,
  "node-permissions": 4,
  "watches": 3,
  "outstanding": 3,
};
/** How often each operation is sent. */
const ASKED = {
  "READ": 2,
  "DIRECTORY": 2,
  "GET_PERMS": 2,
  "WRITE": 6,
  "MKDIR": 2,
  "RM": 2,
  "SET_PERMS": 4,
  "WATCH": 2,
  "UNWATCH": 1,
} as const;
type RandomOperation = keyof typeof ASKED;
const OPERATIONS = (Object.keys(ASKED) as RandomOperation[]).flatMap((name) => Array(ASKED[name]).fill(name));

/** The results that each run must reach to be useful. */
const REACHED = [
  "WRITE ENOSPC",
  "WRITE EACCES",
  "RM succeeds",
  "SET_PERMS EPERM",
  "SET_PERMS ENOENT",
  "WATCH ENOSPC",
  "TRANSACTION_END succeeds",
  "TRANSACTION_END EAGAIN",
  "TRANSACTION_END ENOMEM",
  "INTRODUCE succeeds",
  "INTRODUCE EINVAL",
  "RELEASE succeeds",
  "SET_TARGET succeeds",
];

function failed(answer: string): boolean {
  return /^E[A-Z0-9]+$/.test(answer);
}

/** Does random things with a store. A second store follows its tree, change by change. */
class Run {
  /** How often each operation ended in which way. */
  readonly outcomes: Map<string, number> = new Map();
  readonly #store: TestStore;
  readonly #follower: TestStore = new TestStore();
  readonly #random: (limit: number) => number;
  /** The domains that exist in the hypervisor. */
  readonly #alive = new Set(GUESTS);
  #speakers: Speaker[];
  #open: Transaction[] = [];

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
    const store = this.#store = new TestStore({
      quotas: QUOTAS,
      domainExists: (domid) => this.#alive.has(domid),
      conflict: () => this.#random(50) === 0,
      onChanges: (changes) => this.#follower.core.restore(changes),
    });
    this.#speakers = [store.dom0, store.open()];
    for (const path of ["/a", "/b", "/local/domain/1", "/local/domain/2"]) store.node(path, "b0");
  }

  /** Does one random thing. */
  step(): void {
    const kind = this.#random(100);
    if (kind < 3) this.#live();
    else if (kind < 6) this.#connect();
    else if (kind < 12) this.#begin();
    else if (kind < 50 && this.#open.length > 0) this.#transact();
    else {
      const { view } = this.#store.core;
      const before = view.top;
      const answer = this.#ask(this.#of(this.#speakers));
      assert(!failed(answer) || view.top === before, `${answer}, and something changed`);
    }
    const { connection: { outbox } } = this.#of(this.#speakers);
    outbox.blocked = !outbox.blocked;
  }

  /** Checks the accounts and the follower. */
  check(): void {
    this.#store.audit();
    assertEquals(this.#follower.tree(), this.#store.tree());
    this.#follower.audit();
    for (const speaker of this.#speakers) speaker.receive();
    for (const { domid, outstanding } of this.#store.core.domains.values()) assertEquals(outstanding, 0, `of ${domid}`);
  }

  #of<T>(list: readonly T[]): T {
    const one = list[this.#random(list.length)];
    assert(one !== undefined);
    return one;
  }

  #path(): string {
    const names = Array.from({ length: 1 + this.#random(3) }, () => this.#of(["a", "a", "b", "c"])).join("/");
    return this.#of(["/", "/", "", `/local/domain/${this.#of(GUESTS)}/`]) + names;
  }

  #permissions(): string {
    const one = (): string => `${this.#of(["n", "r", "w", "b"])}${this.#of([...GUESTS, 0, 32757, 77])}|`;
    return Array.from({ length: 1 + this.#random(5) }, one).join("");
  }

  #ask(who: Asker): string {
    const operation = this.#of(OPERATIONS) as RandomOperation;
    const special = this.#random(5) === 0 && (operation === "WATCH" || operation === "SET_PERMS");
    const path = special ? this.#of(["@introduceDomain", "@releaseDomain", "/"]) : this.#path();
    const rest: Partial<Record<RandomOperation, () => string>> = {
      WRITE: () => "v".repeat(this.#random(140)),
      SET_PERMS: () => this.#permissions(),
      WATCH: () => `${this.#random(3)}|${this.#of(["", "", "1|", "0|"])}`,
      UNWATCH: () => `${this.#random(3)}|`,
    };
    return this.#note(operation, who, `${path}|${rest[operation]?.() ?? ""}`);
  }

  #note(operation: Asked, who: Asker, payload: string): string {
    const answer = who.ask(operation, payload);
    const outcome = `${operation} ${failed(answer) ? answer : "succeeds"}`;
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    return answer;
  }

  #begin(): void {
    const who = this.#of(this.#speakers);
    const answer = this.#note("TRANSACTION_START", who, "|");
    if (!failed(answer)) this.#open.push(new Transaction(who, Number(answer.slice(0, -1))));
  }

  #transact(): void {
    const t = this.#of(this.#open);
    if (this.#random(8) > 0) return void this.#ask(t);
    this.#open = this.#open.filter((other) => other !== t);
    this.#note("TRANSACTION_END", t, this.#random(4) === 0 ? "F|" : "T|");
  }

  #connect(): void {
    const { core, dom0, open } = this.#store;
    const domid = this.#of([0, ...GUESTS]);
    const [oldest, ...others] = this.#speakers.filter(({ connection }) => connection.domid === domid);
    if (others.length < 2 && core.introduced(domid) !== undefined) this.#speakers.push(open(domid));
    else if (oldest !== undefined && oldest !== dom0) core.detach(oldest.connection);
    this.#forget();
  }

  /** Introduces, releases, destroys or changes a random domain. */
  #live(): void {
    const { core, dom0 } = this.#store;
    const domid = this.#of(GUESTS);
    const domain = core.introduced(domid);
    const kind = this.#random(9);
    if (domain === undefined || kind === 0) this.#note("INTRODUCE", dom0, `${domid}|1|1|`);
    else if (kind === 1) this.#note("RELEASE", dom0, `${domid}|`);
    else if (kind < 4) this.#note("SET_TARGET", dom0, `${domid}|${this.#of([...GUESTS, 0])}|`);
    else if (kind === 4) this.#note("RESUME", dom0, `${domid}|`);
    else if (kind === 5) this.#note("RESET_WATCHES", this.#of(this.#speakers), "");
    else if (kind === 6) shutDownDomain(core, domain);
    else if (kind === 7) this.#note("SET_QUOTA", dom0, `${domid}|nodes|${this.#of([0, 6, 12])}|`);
    else {
      // The domain does not exist for some time.
      this.#alive.delete(domid);
      endDomain(core, domain);
    }
    this.#alive.add(this.#of(GUESTS));
    this.#forget();
  }

  /** Drops closed connections, and transactions that have ended. */
  #forget(): void {
    const { connections } = this.#store.core;
    this.#speakers = this.#speakers.filter(({ connection }) => connections.has(connection.id));
    this.#open = this.#open.filter(({ id, speaker: { connection } }) =>
      connections.has(connection.id) && connection.transactions.has(id)
    );
  }
}

describe("random requests of several domains", () => {
  for (const seed of [1, 2, 3, 4]) {
    test(`random requests keep all accounts correct, and a follower equal (${seed})`, () => {
      const run = new Run(seed);
      for (let i = 1; i <= 4000; i++) {
        run.step();
        if (i % 100 === 0) run.check();
      }
      assertEquals(REACHED.filter((outcome) => !run.outcomes.has(outcome)), []);
    });
  }
});
