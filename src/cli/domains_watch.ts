// `domains --watch`: prints the events of the lives of domains, as `virsh event` does.

import type { DomainEvent, DomainSource, DomainWatch, LifecycleName } from "../domains/mod.ts";
import type { Context } from "./context.ts";
import { eventJson } from "./domain_json.ts";
import { failureOf, shown } from "./domain_sources.ts";
import { Failure } from "./invocation.ts";
import { jsonLine } from "./json.ts";
import { atoi, millisecondsOf } from "./numbers.ts";
import { Printer } from "./printer.ts";

/** virsh's names of the types. */
const types: Readonly<Record<LifecycleName, string>> = {
  defined: "Defined",
  undefined: "Undefined",
  started: "Started",
  suspended: "Suspended",
  resumed: "Resumed",
  stopped: "Stopped",
  shutdown: "Shutdown",
  pmSuspended: "PMSuspended",
  crashed: "Crashed",
};
/** virsh's names of the details that are not those of the library with a capital. */
const details: Readonly<Record<string, string>> = {
  wakeup: "Event wakeup",
  fromSnapshot: "Snapshot",
  ioError: "I/O Error",
  apiError: "API error",
};

/** Prints events until as many were printed as `-n` says. */
export async function watch(
  context: Context,
  options: ReadonlyMap<string, string>,
  sources: readonly DomainSource[],
): Promise<number> {
  const number = options.get("n");
  const limit = number === undefined ? Infinity : atoi(number);
  const seconds = options.get("interval");
  const interval = seconds === undefined ? undefined : Math.max(1, Math.ceil(millisecondsOf(seconds, "--interval")));
  const client = await context.client();
  const { watchDomains } = await import("../domains/mod.ts");
  await using events = await started(context, sources, (used) => watchDomains(client, { sources: used, interval }));
  const printer = new Printer(context.invocation);
  try {
    let count = 0;
    if (limit <= 0) return 0;
    for await (const event of events) {
      printer.print(options.has("j") ? json(event) : line(event));
      printer.flush();
      if (++count >= limit) return 0;
    }
    throw new Failure("the watch ended");
  } catch (error) {
    throw failureOf(error);
  }
}

/** Starts a watch. If the hypervisor does not answer, it starts without it. */
async function started(
  context: Context,
  sources: readonly DomainSource[],
  start: (sources: readonly DomainSource[]) => DomainWatch,
): Promise<DomainWatch> {
  const events = start(sources);
  try {
    const listed = await context.limit("watchDomains", events.ready);
    if (context.globals.verbose) context.warn(`watching: ${listed.length} domains are listed`);
    return events;
  } catch (error) {
    await events.close();
    const failure = failureOf(error);
    const others = sources.filter(({ name }) => name !== "xlList");
    if (others.length === sources.length || !failure.message.startsWith("xlList")) throw failure;
    context.warn(`${failure.message}: watching without it`);
    return await started(context, others, start);
  }
}

function line(event: DomainEvent): string {
  if (event.type === "overflow") return `${event.lost} events were lost\n`;
  const { type, detail, name, id, rebootOf } = event;
  const subject = name === null ? `domain ${id}` : `domain '${shown(name)}'`;
  const text = details[detail] ?? detail.charAt(0).toUpperCase() + detail.slice(1);
  return `event 'lifecycle' for ${subject}: ${types[type]} ${text}${
    rebootOf === null ? "" : ` (reboot of domain ${rebootOf})`
  }\n`;
}

function json(event: DomainEvent): string {
  return jsonLine(event.type === "overflow" ? event : eventJson(event, new Date().toISOString()));
}
