// The errors of a connection to another host.

/**
 * Why another host could not be used.
 *
 * - `"hostKey"`: the host has another key than the one that is known, or none is known.
 * - `"login"`: the host refused the login.
 * - `"unreachable"`: no connection could be made.
 * - `"lost"`: the connection ended.
 * - `"protocol"`: the other end does not speak SFTP as it should.
 */
export type RemoteFault = "hostKey" | "login" | "unreachable" | "lost" | "protocol";

/**
 * Another host could not be used.
 *
 * @example
 * ```ts
 * import { RemoteError } from "tsxs/pools";
 *
 * const error = new RemoteError("store", "login", "Permission denied (publickey).");
 * console.log(error.fault, error.message); // login the host "store" refused the login: Permission denied (publickey).
 * ```
 */
export class RemoteError extends Error {
  /** `"RemoteError"`. */
  override name = "RemoteError";
  /** The host. */
  readonly host: string;
  /** Why it could not be used. */
  readonly fault: RemoteFault;

  /**
   * Makes the error.
   *
   * @param host The host.
   * @param fault Why it could not be used.
   * @param detail What the program or the host said.
   * @param options The cause.
   */
  constructor(host: string, fault: RemoteFault, detail: string, options: ErrorOptions = {}) {
    super(`the host ${JSON.stringify(host)} ${texts[fault]}${detail === "" ? "" : `: ${detail}`}`, options);
    this.host = host;
    this.fault = fault;
  }
}

const texts: Readonly<Record<RemoteFault, string>> = {
  hostKey: "is not trusted, because of its key",
  login: "refused the login",
  unreachable: "cannot be reached",
  lost: "is no longer connected",
  protocol: "does not speak SFTP",
};

/** What the program ssh prints, and what it means. */
const signs: readonly (readonly [RegExp, RemoteFault])[] = [
  [/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No \S+ host key is known/, "hostKey"],
  [/Permission denied|Too many authentication failures|No supported authentication methods/, "login"],
  [
    /Could not resolve hostname|Connection refused|Connection timed out|No route to host|Network is unreachable|Connection closed by|kex_exchange_identification/,
    "unreachable",
  ],
];
const DETAIL_MAX = 200;

/** Returns what the messages of the program ssh mean. `otherwise` counts if they mean nothing that is known. */
export function faultOf(messages: string, otherwise: RemoteFault): RemoteFault {
  return signs.find(([sign]) => sign.test(messages))?.[1] ?? otherwise;
}

/** Returns the last line of messages, without characters that a terminal would obey. */
export function lastLine(messages: string): string {
  const line = messages.trimEnd().split("\n").at(-1) ?? "";
  return line.replace(/[^ -~]/g, "?").slice(0, DETAIL_MAX);
}
