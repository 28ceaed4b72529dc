// What is said of a store that could not be opened.

import { type Address, formatAddress, noneNamed } from "./address.ts";
import { ConnectionError } from "./errors.ts";
import { codeOf } from "./transport.ts";
import { errnoText, isErrnoName } from "../wire/errno.ts";

/** The permissions that Deno asks for, by the flags that give them. */
const flags: Record<Address["kind"], (path: string) => string> = {
  unix: (path) => `--allow-net=unix:${path} --allow-read=${path} --allow-write=${path}`,
  xenbus: () => "--allow-all (Deno opens no device with less)",
  embedded: () => "",
};

/** The error of one attempt: where it led, why it failed, and what Deno would have needed. */
export function openFailure(candidate: Address, error: unknown): ConnectionError {
  const reason = reasonOf(error);
  const denied = error instanceof Error && error.name === "NotCapable";
  const text = `cannot connect to ${formatAddress(candidate)}: ${reason}`;
  return denied
    ? new ConnectionError(`${text}; Deno needs ${flags[candidate.kind](candidate.path)}`, { cause: error }, "EACCES")
    : new ConnectionError(text, { cause: error }, codeOf(error));
}

/** What an error says. Bun's says that it failed, and leaves why to its code. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  if (code === undefined || !isErrnoName(code)) return message;
  const text = errnoText(code);
  return message.includes(code) || message.includes(text) ? message : `${message}: ${text} (${code})`;
}

/** The error where every attempt failed: of one alone its own, else one that lists them and has the last one's code. */
export function noneFound(failures: readonly ConnectionError[]): ConnectionError {
  const [first] = failures;
  if (failures.length === 1 && first !== undefined) return first;
  const tried = failures.map(({ message }) => `\n  ${message}`).join("");
  return new ConnectionError(
    `no XenStore found: ${noneNamed()}, and none of these opened:${tried}`,
    { cause: new AggregateError(failures, "every attempt failed") },
    failures.at(-1)?.code,
  );
}
