// The errors of a connection: it cannot be opened, it broke, or its bytes are invalid.

import { Errno, errnoText, isErrnoName } from "../wire/errno.ts";
import { type ErrorContext, XenStoreError } from "../wire/errors.ts";
import type { Packet } from "../wire/header.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { type Address, formatAddress, mayReadEnvironment, namedBy } from "./address.ts";
import { BUSY_WAIT_MS } from "./busy.ts";

/**
 * The connection to the store could not be opened, or is over.
 *
 * `code` is that of the system if there is one (`ENOENT`, `ECONNREFUSED`, `EACCES`, `EPIPE`), otherwise `ENOTCONN`.
 * Every pending request gets an error of its own, with its operation and path.
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
  /** Private, since every runtime prints a public one, or a cause, with a stack for each attempt. */
  readonly #attempts: readonly ConnectionError[];

  /**
   * Makes the error.
   *
   * @param reason What is wrong with the connection.
   * @param context The operation, the path and the cause.
   * @param code The code of the error. By default that of the cause, or `ENOTCONN`.
   * @param attempts The errors of the attempts of a search.
   */
  constructor(
    reason: string,
    context: ErrorContext = {},
    code: string = codeOf(context.cause) ?? "ENOTCONN",
    attempts: readonly ConnectionError[] = [],
  ) {
    super(code, reason, context);
    this.#attempts = attempts;
  }

  /** The error of each address that a search tried, in order and with its cause. Empty for other errors. */
  get attempts(): readonly ConnectionError[] {
    return this.#attempts;
  }
}

/**
 * The store sent a message that is not a valid reply to a request. The connection is closed.
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
  /** The message, or `undefined` if the bytes were not a message. */
  readonly packet: Packet | undefined;

  /**
   * Makes the error, with a copy of the packet.
   *
   * @param reason What is wrong with the message.
   * @param packet The message.
   * @param context The operation, the path and the cause.
   */
  constructor(reason: string, packet?: Packet, context: ErrorContext = {}) {
    super(reason, context, "EIO");
    this.packet = packet === undefined ? undefined : { ...packet, payload: new Uint8Array(packet.payload) };
  }
}

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
  "unix EAGAIN": `; the daemon accepted no connection within ${BUSY_WAIT_MS / 1000} s`,
  "unix ECONNREFUSED": "; no daemon listens on this socket",
  "xenbus EACCES": "; the XenBus device belongs to root",
};

/** How the runtimes and libc word an error of the system: each in its own way, some without a reason. */
const SYSTEM_WORDING = /^(?:Failed to connect$|connect:? |open: |socket: |E[A-Z0-9]+: )|\(os error \d+\)$/;

/** Makes the error of one attempt: the address, the reason, and what to do if permission is missing. */
export function openFailure(candidate: Address, error: unknown): ConnectionError {
  const text = `${PREFIX}${formatAddress(candidate).replaceAll("\0", "\\0")}: `;
  if (error instanceof Error && error.name === "NotCapable") {
    const needed = flags[candidate.kind](candidate.path);
    return new ConnectionError(`${text}denied by Deno, which needs ${needed}`, { cause: error }, "EACCES");
  }
  // A worker has opened the address, and its error is complete.
  const isComplete = error instanceof Error && error.message.startsWith(text);
  const code = systemCode(error);
  return new ConnectionError(
    isComplete ? error.message : text + reasonOf(error, candidate.kind),
    { cause: error },
    code,
  );
}

/** The code of the system. Node alone looks at the file and says ENOTSOCK if the system refuses to connect. */
function systemCode(error: unknown): string | undefined {
  const code = codeOf(error);
  return code === "ENOTSOCK" ? "ECONNREFUSED" : code;
}

/** The reason of an error, with the same words on every runtime if the system gave it. */
function reasonOf(error: unknown, kind: Address["kind"]): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = systemCode(error);
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
  const variable = namedBy();
  if (first !== undefined && variable !== null) {
    const reason = `${first.message}; ${variable} names this address`;
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

/** Makes the error of a libc call from its number. `code` is the name of the error if the name is known. */
export function systemError(errno: number, call: string): Error & { code: string } {
  const [name = ""] = Object.entries(Errno).find(([, number]) => number === errno) ?? [];
  return isErrnoName(name)
    ? codedError(name, `${call}: ${errnoText(name)} (${name})`)
    : codedError(`E${errno}`, `${call}: error ${errno}`);
}
