// The errors of a connection: it cannot be opened, it broke, or it carried bytes that make no sense.

import { Errno, errnoText, isErrnoName } from "../wire/errno.ts";
import { type ErrorContext, XenStoreError } from "../wire/errors.ts";
import type { Packet } from "../wire/header.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { type Address, formatAddress, noneNamed } from "./address.ts";

/**
 * The connection to the store could not be made, or is over.
 *
 * `code` is the system's where it gave one (`ENOENT`, `ECONNREFUSED`, `EACCES`, `EPIPE`), else `ENOTCONN`. Every
 * request that was waiting gets one of its own, with its operation and path.
 *
 * @example
 * ```ts
 * import { connect, ConnectionError } from "tsxs";
 *
 * const error = await connect("unix:/nowhere/socket").catch((reason) => reason);
 * console.log(error instanceof ConnectionError, error.code); // true ENOENT
 * ```
 */
export class ConnectionError extends XenStoreError {
  /** `"ConnectionError"`. */
  override name = "ConnectionError";

  /** Makes the error from what is wrong with the connection; `context.cause` gives the code where it has one. */
  constructor(reason: string, context: ErrorContext = {}, code: string = codeOf(context.cause) ?? "ENOTCONN") {
    super(code, reason, context);
  }
}

/**
 * The store sent something that answers no request, or not the one it claims to: the connection is ended.
 *
 * @example
 * ```ts
 * import { connect, memoryPair, UnexpectedPacketError } from "tsxs";
 *
 * const [near, far] = memoryPair();
 * far.start({ receive: () => far.send(new Uint8Array(16).fill(255)), ended: () => {} });
 * await using store = await connect(near);
 * const error = await store.read("/tool").catch((reason) => reason);
 * console.log(error instanceof UnexpectedPacketError); // true
 * ```
 */
export class UnexpectedPacketError extends ConnectionError {
  /** `"UnexpectedPacketError"`. */
  override name = "UnexpectedPacketError";
  /** What was received; `undefined` where it was no message at all. */
  readonly packet: Packet | undefined;

  /** Makes the error from what is wrong; keeps a copy of the packet. */
  constructor(reason: string, packet?: Packet, context: ErrorContext = {}) {
    super(reason, context, "EIO");
    this.packet = packet === undefined ? undefined : { ...packet, payload: new Uint8Array(packet.payload) };
  }
}

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

/** The error of a number that a call of libc left, with its name as `code` where the name is known. */
export function systemError(errno: number, call: string): Error & { code: string } {
  const [name = ""] = Object.entries(Errno).find(([, number]) => number === errno) ?? [];
  return isErrnoName(name)
    ? codedError(name, `${call}: ${errnoText(name)} (${name})`)
    : codedError(`E${errno}`, `${call}: error ${errno}`);
}
