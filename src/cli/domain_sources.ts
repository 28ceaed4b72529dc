// The sources of this host, which tell what the store cannot, and a list of domains by them.

import type { Client } from "../client/client.ts";
import type { Domain, DomainSource, SourceProblem } from "../domains/mod.ts";
import { codeOf } from "../wire/system_errors.ts";
import { textOf, utf8Of } from "./bytes.ts";
import type { Context } from "./context.ts";
import { escapeText } from "./escape.ts";
import { Failure } from "./invocation.ts";

/** The source that needs a hypervisor, which a machine with the program may lack. */
const XL = "xlList";
/** The most different problems of sources that are reported. */
const PROBLEMS_MAX = 1000;

/** Finds the sources of this host, or of the host whose files are below `root`. */
export async function findSources(context: Context, root: string | undefined): Promise<DomainSource[]> {
  const { hostSources } = await import("../domains/mod.ts");
  // A list may be repeated, and a watch lists again and again.
  const seen = new Set<string>();
  const report = (problem: string): void => {
    if (seen.has(problem) || seen.size === PROBLEMS_MAX) return;
    seen.add(problem);
    context.warn(problem);
  };
  const found = await hostSources({
    root: root === undefined ? "/" : textOf(root),
    searchPath: context.invocation.variable("PATH") ?? "",
    onProblem: ({ entry, reason }: SourceProblem) => report(`cannot use ${shown(entry)}: ${shown(reason)}`),
  });
  if (context.globals.verbose) {
    const none = found.length === 0 ? "none on this host" : "";
    const names = found.map(({ source, reads }) => `${source.name} (${reads.map(shown).join(", ")})`);
    context.warn(`sources: ${none}${names.join(", ")}`);
  }
  return found.map(({ source }) => source);
}

/**
 * Lists domains. If the hypervisor does not answer, the list is repeated without it.
 *
 * Throws a {@linkcode Failure} if the domains cannot be listed, or if no source tells what the flags ask for.
 */
export async function listWith(
  context: Context,
  client: Client,
  flags: number,
  sources: readonly DomainSource[],
): Promise<Domain[]> {
  const { listDomains } = await import("../domains/mod.ts");
  try {
    return await context.limit("listDomains", listDomains(client, { flags, sources }));
  } catch (error) {
    if (!isOf(error, XL)) throw failureOf(error);
    context.warn(`${shown(messageOf(error))}: listing without it`);
    return await listWith(context, client, flags, sources.filter(({ name }) => name !== XL));
  }
}

/** Whether an error is that of a source. */
function isOf(error: unknown, source: string): boolean {
  return error instanceof Error && "operation" in error && error.operation === source;
}

/** Makes the failure of an error of the library. */
export function failureOf(error: unknown, status = 1): Failure {
  if (error instanceof Failure) return error;
  // The command and the library have a class of errors each, since the library is loaded on demand.
  if (!(error instanceof Error) || codeOf(error) === undefined) throw error;
  if ("flag" in error) {
    return new Failure(`cannot tell which domains are ${shown(String(error.flag))}: this host has no source for it`);
  }
  return new Failure(shown(messageOf(error)), status);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns a text as it may reach a terminal. */
export function shown(text: string): string {
  return escapeText(utf8Of(text));
}
