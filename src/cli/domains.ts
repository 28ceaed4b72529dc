// `domains`: lists the domains with the options and the output of `virsh list`.

import type { Domain, DomainSource } from "../domains/mod.ts";
import type { Context } from "./context.ts";
import { findSources, listWith, shown } from "./domain_sources.ts";
import { domainJson } from "./domain_json.ts";
import { flagsOf, inOrder, nameOf, stateOf, tableOf } from "./domain_table.ts";
import type { OptionRule } from "./getopt.ts";
import { Failure } from "./invocation.ts";
import { jsonLine } from "./json.ts";
import { json, ownArgumentsOf, type Syntax } from "./own_arguments.ts";
import { Printer } from "./printer.ts";

/** The options of virsh. They have no letters. */
const virsh = [
  "inactive",
  "all",
  "transient",
  "persistent",
  "with-snapshot",
  "without-snapshot",
  "with-checkpoint",
  "without-checkpoint",
  "state-running",
  "state-paused",
  "state-shutoff",
  "state-other",
  "autostart",
  "no-autostart",
  "with-managed-save",
  "without-managed-save",
  "uuid",
  "name",
  "id",
  "table",
  "managed-save",
  "title",
].map((long): OptionRule => ({ letter: long, long }));

/** Pairs of options, of which a command may have one. The pairs of virsh come first, in its order. */
const exclusions: readonly (readonly [string, string])[] = [
  ["table", "name"],
  ["table", "uuid"],
  ["table", "id"],
  ...["table", "name", "uuid", "id", "title", "managed-save"].map((other) => ["json", other] as const),
  ...virsh.map(({ letter }) => ["watch", letter] as const),
];

const syntax: Syntax = {
  options: [
    ...virsh,
    json,
    { letter: "watch", long: "watch" },
    { letter: "n", long: "number", hasArgument: true },
    { letter: "interval", long: "interval", hasArgument: true },
    { letter: "root", long: "root", hasArgument: true },
  ],
  usage: "[-h] [--all | --inactive] [--table | --uuid | --name | --id | --json] [option...]\n" +
    "       domains --watch [-n NR] [--interval SECONDS] [--json]",
  operands: [0, 0],
  status: 1,
};

/** The columns that a list without a table has, in their order. */
const columns = ["uuid", "id", "name"] as const;

/** Prints the domains, or the events of their lives. */
export async function domains(context: Context): Promise<number> {
  return await domainsWith(context, []);
}

/** Does so with more sources than the host has. */
export async function domainsWith(context: Context, more: readonly DomainSource[]): Promise<number> {
  const { options } = ownArgumentsOf(context, syntax);
  const printer = new Printer(context.invocation);
  const conflict = conflictOf(options);
  if (conflict !== null) {
    // As virsh, which ends the output of each of its commands with an empty line.
    context.say(`error: Options --${conflict[0]} and --${conflict[1]} are mutually exclusive`);
    printer.print("\n");
    printer.flush();
    return 1;
  }
  const sources = [...await findSources(context, options.get("root")), ...more];
  if (options.has("watch")) return await (await import("./domains_watch.ts")).watch(context, options, sources);
  for (const name of ["n", "interval"]) {
    if (options.has(name)) throw new Failure(`--${name === "n" ? "number" : name} needs --watch`);
  }
  const client = await context.client();
  const { DomainFlag } = await import("../domains/mod.ts");
  const listed = inOrder(await listWith(context, client, flagsOf(options, DomainFlag), sources));
  const hasSaved = (domain: Domain): boolean => (domain.flags & DomainFlag.managedSave) !== 0;
  const state = (domain: Domain): string => stateOf(domain, options.has("managed-save") && hasSaved(domain));
  const wanted = columns.filter((name) => options.has(name));
  if (options.has("j")) { for (const domain of listed) printer.print(jsonLine(domainJson(domain, DomainFlag))); }
  else if (wanted.length > 0) printer.print(linesOf(listed, wanted));
  else printer.print(tableOf(listed, state, options.has("title")));
  printer.flush();
  return 0;
}

/** Returns two options that exclude each other, or `null`. */
function conflictOf(options: ReadonlyMap<string, string>): readonly [string, string] | null {
  const has = (name: string): boolean => options.has(name === "json" ? "j" : name);
  return exclusions.find(([first, second]) => has(first) && has(second)) ?? null;
}

/** Prints a domain on each line. If numbers alone are wanted, a domain without one is left out. */
function linesOf(domains: readonly Domain[], wanted: readonly (typeof columns)[number][]): string {
  const isIdOnly = wanted.length === 1 && wanted[0] === "id";
  const value = (domain: Domain, column: (typeof columns)[number]): string => {
    if (column === "name") return nameOf(domain);
    return column === "id" ? `${domain.id ?? "-"}` : shown(domain.uuid ?? "-");
  };
  const lines = domains
    .filter(({ id }) => !isIdOnly || id !== null)
    .map((domain) => `${wanted.map((column) => value(domain, column)).join(" ")}\n`);
  return `${lines.join("")}\n`;
}
