// The errors of a store that could not be opened, one line for each attempt.

import { type Address, formatAddress, isNamed, mayReadEnvironment } from "./address.ts";
import { ConnectionError } from "./errors.ts";
import { codeOf } from "./transport.ts";
import { errnoText, isErrnoName } from "../wire/errno.ts";

const PREFIX = "cannot connect to ";

/** The flags that grant what Deno denies. */
const flags: Record<Address["kind"], (path: string) => string> = {
  unix: (path) => `--allow-net=unix:${path} --allow-read=${path} --allow-write=${path}`,
  xenbus: () => "--allow-all to open a device",
  embedded: () => "--allow-read",
};

/** What a code means for an address of a kind, if the system's text does not say it. */
const explanations: Readonly<Record<string, string>> = {
  "unix EACCES": "; the socket of a store belongs to root of domain 0",
  "unix ECONNREFUSED": "; no daemon listens on this socket",
  "xenbus EACCES": "; the XenBus device belongs to root",
};

/** How the runtimes and libc word an error of the system: each in its own way, some without a reason. */
const SYSTEM_WORDING = /^(?:Failed to connect$|connect:? |open: |socket: |E[A-Z0-9]+: )|\(os error \d+\)$/;

/** Makes the error of one attempt: the address, the reason, and what to do if permission is missing. */
export function openFailure(candidate: Address, error: unknown): ConnectionError {
  const text = `${PREFIX}${formatAddress(candidate)}: `;
  if (error instanceof Error && error.name === "NotCapable") {
    const needed = flags[candidate.kind](candidate.path);
    return new ConnectionError(`${text}denied by Deno, which needs ${needed}`, { cause: error }, "EACCES");
  }
  return new ConnectionError(text + reasonOf(error, candidate.kind), { cause: error }, codeOf(error));
}

/** The reason of an error, with the same words on every runtime if the system gave it. */
function reasonOf(error: unknown, kind: Address["kind"]): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code === undefined || !isErrnoName(code)) return message;
  const text = `${errnoText(code)} (${code})`;
  if (SYSTEM_WORDING.test(message)) return `${text}${explanations[`${kind} ${code}`] ?? ""}`;
  return message.includes(code) || message.includes(errnoText(code)) ? message : `${message}: ${text}`;
}

/**
 * Makes the error of a search that found no store: a line for each attempt, then the call that opens an embedded store,
 * `embedded`, as the caller's interface spells it. The code is that of the last attempt.
 */
export function noneFound(failures: readonly ConnectionError[], embedded: string): ConnectionError {
  const [first] = failures;
  if (first !== undefined && isNamed()) {
    const reason = `${first.message}; XENSTORED_PATH names this address`;
    return new ConnectionError(reason, { cause: first.cause }, first.code);
  }
  const lines = failures.map(({ message }) => message.replace(PREFIX, ""));
  if (!mayReadEnvironment()) {
    const names = "XENSTORED_PATH,XENSTORED_RUNDIR";
    lines.push(`${names}: denied by Deno, which needs --allow-env=${names}`);
  }
  lines.push(`if this machine has no Xen, use ${embedded}`);
  const reason = ["no XenStore found:", ...lines].join("\n  ");
  return new ConnectionError(reason, {}, failures.at(-1)?.code, failures);
}
