// Quotas, by the names and with the defaults of the C daemon. They bind guests alone.

/** A quota's name. */
export type QuotaName =
  | "nodes"
  | "watches"
  | "outstanding"
  | "memory"
  | "soft-memory"
  | "transactions"
  | "transaction-nodes"
  | "node-permissions"
  | "path-max"
  | "node-size";

/** Every quota's default: a number of things, or of bytes for memory, lengths and sizes. */
const defaults: Readonly<Record<QuotaName, number>> = {
  "nodes": 1000,
  "watches": 128,
  "outstanding": 20,
  "memory": 2_621_440,
  "soft-memory": 2_097_152,
  "transactions": 10,
  "transaction-nodes": 1024,
  "node-permissions": 5,
  "path-max": 2048,
  "node-size": 2048,
};

/** The quotas' names, in the order in which GET_QUOTA lists them. */
export const quotaNames = Object.keys(defaults) as readonly QuotaName[];

/** What each quota limits, as CONTROL tells it. */
export const quotaDescriptions: Readonly<Record<QuotaName, string>> = {
  "nodes": "Nodes per domain",
  "watches": "Watches per domain",
  "outstanding": "Outstanding requests per domain",
  "memory": "Total Xenstore memory per domain",
  "soft-memory": "Memory per domain that is worth a warning",
  "transactions": "Active transactions per domain",
  "transaction-nodes": "Max. number of accessed nodes per transaction",
  "node-permissions": "Max. number of permissions per node",
  "path-max": "Max. length of a node path",
  "node-size": "Max. size of a node",
};

/** Whether a text names a quota. */
export function isQuotaName(name: string): name is QuotaName {
  return Object.hasOwn(defaults, name);
}

/** A set of quotas: of new domains, or of one domain. 0 means no limit. */
export class Quotas {
  /** Never changed, only replaced: domains share it, since permissions may make any number of domains known. */
  #values: Readonly<Record<QuotaName, number>>;
  readonly #parent: Quotas | null;
  #seen: Map<QuotaName, number> | null = null;
  /** The names of the quotas that were set. */
  #set: ReadonlySet<QuotaName> = none;

  /** Starts with the defaults, except for the given values. What is seen here counts for `parent` as well. */
  constructor(values: Partial<Readonly<Record<QuotaName, number>>> = {}, parent: Quotas | null = null) {
    this.#values = parent === null ? { ...defaults, ...values } : parent.#values;
    this.#parent = parent;
  }

  /** A set for a new domain: it starts with the values of this one, and what it sees is seen here too. */
  copy(): Quotas {
    return new Quotas({}, this);
  }

  /** A quota's value. */
  get(name: QuotaName): number {
    return this.#values[name];
  }

  /** The names of those that were set since the start, or since the domain came up. */
  get namesSet(): ReadonlySet<QuotaName> {
    return this.#set;
  }

  /** Changes a quota. */
  set(name: QuotaName, value: number): void {
    this.#values = { ...this.#values, [name]: value };
    this.#set = new Set([...this.#set, name]);
  }

  /** Whether so much is more than a quota allows. Remembers the most that was asked for and allowed. */
  exceeds(name: QuotaName, amount: number): boolean {
    const limit = this.#values[name];
    if (limit !== 0 && amount > limit) return true;
    this.#see(name, amount);
    return false;
  }

  /** The most that was ever asked for and allowed. */
  most(name: QuotaName): number {
    return this.#seen?.get(name) ?? 0;
  }

  /** Forgets the most that was seen. */
  forgetMost(): void {
    this.#seen = null;
  }

  #see(name: QuotaName, amount: number): void {
    if (amount <= this.most(name)) return;
    this.#seen ??= new Map();
    this.#seen.set(name, amount);
    if (this.#parent !== null) this.#parent.#see(name, amount);
  }
}

const none: ReadonlySet<QuotaName> = new Set();
