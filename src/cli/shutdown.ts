// `shutdown`, `reboot` and `suspend`: ask a guest to shut down, and wait until it acknowledges the request.

import type { Domain, ShutdownKind } from "../domains/mod.ts";
import { codeOf } from "../wire/system_errors.ts";
import { textOf } from "./bytes.ts";
import type { Context, Subcommand } from "./context.ts";
import { failureOf, listWith, shown } from "./domain_sources.ts";
import { nameOf } from "./domain_table.ts";
import { Failure } from "./invocation.ts";
import { millisecondsOf } from "./numbers.ts";
import { ownArgumentsOf, type Syntax } from "./own_arguments.ts";
import { TIMEOUT_STATUS } from "./patience.ts";
import { Printer } from "./printer.ts";

const syntax: Syntax = {
  options: [{ letter: "t", long: "timeout", hasArgument: true }, { letter: "w", long: "wait" }],
  usage: "[-h] [-t SECONDS] [-w] domain",
  operands: [1, 1],
  status: 1,
};
const DEFAULT_MS = 60_000;

/** Asks a guest to power off. */
export const shutdown: Subcommand = (context) => request(context, "poweroff", "being shutdown");
/** Asks a guest to reboot. */
export const reboot: Subcommand = (context) => request(context, "reboot", "being rebooted");
/** Asks a guest to suspend itself, as for a saved image. */
export const suspend: Subcommand = (context) => request(context, "suspend", "being suspended");

async function request(context: Context, kind: ShutdownKind, state: string): Promise<number> {
  const { options, operands: [typed = ""] } = ownArgumentsOf(context, syntax);
  const seconds = options.get("t");
  const timeout = seconds === undefined ? DEFAULT_MS : Math.ceil(millisecondsOf(seconds, "--timeout"));
  const client = await context.client();
  const { DomainFlag } = await import("../domains/mod.ts");
  const domain = found(await listWith(context, client, DomainFlag.active, []), typed);
  const printer = new Printer(context.invocation);
  const say = (text: string): void => {
    printer.print(`Domain '${nameOf(domain)}' ${text}\n`);
    printer.flush();
  };
  try {
    await domain.requestShutdown(kind, { timeout });
    say(`is ${state}`);
    if (!options.has("w")) return 0;
    const { type, id } = await domain.waitForEnd();
    say(type === "rebooted" ? `is now domain ${id}` : "has ended");
    return 0;
  } catch (error) {
    throw failureOf(error, codeOf(error) === "ETIMEDOUT" ? TIMEOUT_STATUS : 1);
  }
}

/** Finds a domain by its number, its UUID or its name, in this order, as virsh does. */
function found(domains: readonly Domain[], typed: string): Domain {
  const text = textOf(typed);
  const tests: readonly ((domain: Domain) => boolean)[] = [
    ({ id }) => `${id}` === text,
    ({ uuid }) => uuid !== null && uuid === text.toLowerCase(),
    ({ name }) => name === text,
  ];
  for (const test of tests) {
    const [domain, ...others] = domains.filter(test);
    if (domain === undefined) continue;
    if (others.length === 0) return domain;
    const ids = [domain, ...others].map(({ id }) => id).join(", ");
    throw new Failure(`several domains are '${shown(text)}': ${ids}`);
  }
  throw new Failure(`domain '${shown(text)}' does not exist or does not run`);
}
