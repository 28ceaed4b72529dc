// CONTROL: what an administrator may ask the daemon itself.

import { atoi, strings } from "./arguments.ts";
import { type Call, OK } from "./call.ts";
import type { Store } from "../state/store.ts";
import { fail, type Failure } from "../state/failure.ts";
import { draftQuota } from "./quotas.ts";
import { isQuotaName, quotaDescriptions, type QuotaName, quotaNames } from "../tree/quotas.ts";
import type { Usage } from "../tree/changes.ts";
import type { StoreNode } from "../tree/store_node.ts";

interface Command {
  /** Its arguments, as the help gives them. */
  readonly usage: string;
  readonly run: (store: Store, args: readonly string[]) => string | Failure;
}

const SOFT = "soft-";
/** What the daemon may log; only "io", the requests and their replies, brings anything. */
const kindsOfLines = ["obj", "io", "wrl", "acc", "tdb"] as const;

const commands: Readonly<Record<string, Command>> = {
  "check": { usage: "", run: check },
  "log": { usage: "[on|off|+<switch>|-<switch>]", run: log },
  "memreport": { usage: "", run: memoryReport },
  "print": { usage: "<string>", run: print },
  "quota": { usage: "[set <name> <val>|<domid>|max [-r]]", run: quota },
  "quota-soft": { usage: "[set <name> <val>]", run: softQuota },
  "help": { usage: "", run: help },
};

/**
 * CONTROL: a command and its arguments. The embedded daemon writes no files, so that `logfile` and the like are
 * unknown.
 */
export function control(call: Call): string | Failure {
  const [name = "", ...args] = strings(call.text);
  if (!Object.hasOwn(commands, name)) return fail.EINVAL;
  return commands[name]?.run(call.store, args) ?? fail.EINVAL;
}

/** Counts all nodes anew. Fails with EIO if the result differs from what the quotas use. */
function check({ view }: Store, args: readonly string[]): string | Failure {
  if (args.length > 0) return fail.EINVAL;
  const counted = new Map<number, Usage>();
  const usageOf = (domid: number): Usage => {
    let usage = counted.get(domid);
    if (usage === undefined) counted.set(domid, usage = { nodes: 0, bytes: 0, mentions: 0 });
    return usage;
  };
  const stack: StoreNode[] = [...view.top.children.list()];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const usage = usageOf(node.permissions.owner);
    usage.nodes++;
    usage.bytes += node.size;
    for (const { domid } of node.permissions.entries.slice(1)) usageOf(domid).mentions++;
    for (const child of node.children.list()) stack.push(child);
  }
  for (const domid of new Set([...counted.keys(), ...view.usage.keys()])) {
    const is = view.usageOf(domid);
    const ought = usageOf(domid);
    if (is.nodes !== ought.nodes || is.bytes !== ought.bytes || is.mentions !== ought.mentions) return fail.EIO;
  }
  return OK;
}

function log(store: Store, args: readonly string[]): string | Failure {
  const [argument, ...more] = args;
  if (argument === undefined) {
    const lines = kindsOfLines.map((name) => `${name.padEnd(8)}: ${store.log.switches.has(name) ? "on" : "off"}\n`);
    return `Log switch settings:\n${lines.join("")}\0`;
  }
  if (more.length > 0) return fail.EINVAL;
  if (argument === "on" || argument === "off") store.log.enabled = argument === "on";
  else {
    const name = kindsOfLines.find((one) => one === argument.slice(1));
    if (name === undefined || !/^[+-]/.test(argument)) return fail.EINVAL;
    if (argument.startsWith("+")) store.log.switches.add(name);
    else store.log.switches.delete(name);
  }
  return OK;
}

/** What takes memory. */
function memoryReport(store: Store, args: readonly string[]): string | Failure {
  if (args.length > 0) return fail.EINVAL;
  let nodes = 0;
  let bytes = 0;
  for (const usage of store.view.usage.values()) {
    nodes += usage.nodes;
    bytes += usage.bytes;
  }
  let [watches, transactions, held, unsent] = [0, 0, 0, 0];
  for (const domain of store.domains.values()) {
    watches += domain.watches;
    transactions += domain.transactions;
    held += domain.bytes;
  }
  for (const { outbox } of store.connections.values()) unsent += outbox.unsent;
  const line = (name: string, count: number, size: number): string =>
    `${name.padEnd(17)}: ${`${count}`.padStart(8)} ${`${size}`.padStart(12)} bytes\n`;
  return [
    line("nodes", nodes, bytes),
    line("watches", watches, held),
    line("transactions", transactions, 0),
    line("connections", store.connections.size, unsent),
    "\0",
  ].join("");
}

function print(store: Store, args: readonly string[]): string | Failure {
  const [text, ...more] = args;
  if (text === undefined || more.length > 0) return fail.EINVAL;
  store.log.write(`control: ${text}`);
  return OK;
}

function quota(store: Store, args: readonly string[]): string | Failure {
  const [first, ...rest] = args;
  if (first === undefined) return settings(store, quotaNames.filter((name) => !name.startsWith(SOFT)));
  if (first === "set") return set(store, rest, "");
  if (first === "max") return maxima(store, rest);
  return rest.length > 0 ? fail.EINVAL : ofDomain(store, atoi(first));
}

function softQuota(store: Store, args: readonly string[]): string | Failure {
  const [first, ...rest] = args;
  if (first === undefined) return settings(store, quotaNames.filter((name) => name.startsWith(SOFT)));
  return first === "set" ? set(store, rest, SOFT) : fail.EINVAL;
}

function settings({ quotas }: Store, names: readonly QuotaName[]): string {
  const lines = names.map((name) => {
    const hard = name.startsWith(SOFT) ? name.slice(SOFT.length) : name;
    const description = isQuotaName(hard) ? quotaDescriptions[hard] : "";
    return `${hard.padEnd(17)}: ${`${quotas.get(name)}`.padStart(8)} ${description}\n`;
  });
  return `Quota settings:\n${lines.join("")}\0`;
}

function set(store: Store, args: readonly string[], prefix: string): string | Failure {
  const [text, valueText, ...more] = args;
  if (text === undefined || valueText === undefined || more.length > 0) return fail.EINVAL;
  const name = prefix + text;
  const value = atoi(valueText);
  if (value < 1 || !isQuotaName(name) || (prefix === "" && name.startsWith(SOFT))) return fail.EINVAL;
  return store.tryPublish(draftQuota(store, null, name, value)) ?? OK;
}

function maxima({ quotas }: Store, args: readonly string[]): string | Failure {
  const [argument, ...more] = args;
  if (more.length > 0 || (argument !== undefined && argument !== "-r")) return fail.EINVAL;
  if (argument === "-r") quotas.forgetMost();
  const lines = hardNames().map((name) => `${name.padEnd(17)}: ${`${quotas.most(name)}`.padStart(8)}\n`);
  return `Max. seen accounting values:\n${lines.join("")}\0`;
}

function ofDomain(store: Store, domid: number): string | Failure {
  const domain = store.domains.get(domid);
  if (domain === undefined) return fail.ENOENT;
  const usage = store.view.usageOf(domid);
  const used: Partial<Record<QuotaName, number>> = {
    "nodes": usage.nodes,
    "watches": domain.watches,
    "outstanding": domain.outstanding,
    "memory": usage.bytes + domain.bytes,
    "transactions": domain.transactions,
  };
  const lines = hardNames().map((name) => {
    const now = used[name] ?? 0;
    const most = Math.max(now, domain.quotas.most(name));
    return `${name.padEnd(17)}: ${`${now}`.padStart(8)} (max ${`${most}`.padStart(8)})\n`;
  });
  return `Domain ${domid}:\n${lines.join("")}\0`;
}

function hardNames(): QuotaName[] {
  return quotaNames.filter((name) => !name.startsWith(SOFT));
}

function help(_core: Store, args: readonly string[]): string | Failure {
  if (args.length > 0) return fail.EINVAL;
  return `${Object.entries(commands).map(([name, { usage }]) => `${name.padEnd(15)} ${usage}\n`).join("")}\0`;
}
