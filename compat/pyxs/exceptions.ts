// The exceptions of pyxs.

import { Errno, errnoText, isErrnoName } from "../../src/wire/errno.ts";
import { toLatin1 } from "../../src/wire/text.ts";

/** How many bytes or characters of an argument a message shows. */
const SHOWN = 160;

/** Python's `str()` of an exception's arguments, in which long arguments are cut. */
function textOf(args: readonly unknown[]): string {
  if (args.length === 1) return typeof args[0] === "string" ? cut(args[0]) : shown(args[0]);
  return `(${args.map((arg) => typeof arg === "string" ? `'${cut(arg)}'` : shown(arg)).join(", ")})`;
}

function cut(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}... (${text.length} characters)`;
}

function shown(value: unknown): string {
  return value instanceof Uint8Array ? shownBytes(value) : String(value);
}

/** Returns bytes as Python shows them, `b'/tool\x00'`, and no more than the first ones. */
export function shownBytes(bytes: Uint8Array): string {
  const characters = Array.from(bytes.subarray(0, SHOWN), (byte) => String.fromCharCode(byte));
  const quote = characters.includes("'") && !characters.includes('"') ? '"' : "'";
  const literal = characters.map((character) => character === quote ? `\\${quote}` : escaped(character)).join("");
  return `b${quote}${literal}${quote}${bytes.length > SHOWN ? `... (${bytes.length} bytes)` : ""}`;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 0x20 && code <= 0x7e) return character === "\\" ? "\\\\" : character;
  return ESCAPES[character] ?? `\\x${code.toString(16).padStart(2, "0")}`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/**
 * The base of pyxs's exceptions. If the store refused, `args` are the number and the text of the error.
 *
 * @example
 * ```ts
 * import { Client, PyXSError } from "tsxs/pyxs";
 *
 * using c = new Client();
 * try {
 *   c.read("/no/such/node");
 * } catch (error) {
 *   if (!(error instanceof PyXSError)) throw error;
 *   console.log(error.args[0], error.args[1]); // 2 No such file or directory
 * }
 * ```
 */
export class PyXSError extends globalThis.Error {
  /** The name of the class. */
  override name = "PyXSError";
  /** The `args` of the Python exception. */
  readonly args: readonly unknown[];

  /**
   * Makes the exception.
   *
   * @param args The arguments, as in Python.
   */
  constructor(...args: readonly unknown[]) {
    super(textOf(args));
    this.args = args;
  }
}

/**
 * The number is not that of an operation in {@linkcode Op}.
 *
 * @example
 * ```ts
 * import { InvalidOperation, Packet } from "tsxs/pyxs";
 *
 * try {
 *   new Packet(77, "", 1);
 * } catch (error) {
 *   console.log(error instanceof InvalidOperation); // true
 * }
 * ```
 */
export class InvalidOperation extends PyXSError {
  /** `"InvalidOperation"`. */
  override name = "InvalidOperation";
}

/**
 * The payload has more than 4096 bytes.
 *
 * @example
 * ```ts
 * import { InvalidPayload, Op, Packet } from "tsxs/pyxs";
 *
 * try {
 *   new Packet(Op.WRITE, "x".repeat(4097), 1);
 * } catch (error) {
 *   console.log(error instanceof InvalidPayload); // true
 * }
 * ```
 */
export class InvalidPayload extends PyXSError {
  /** `"InvalidPayload"`. */
  override name = "InvalidPayload";
}

/**
 * No store accepts the path.
 *
 * @example
 * ```ts
 * import { check_path, InvalidPath } from "tsxs/pyxs";
 *
 * try {
 *   check_path("/a//b");
 * } catch (error) {
 *   console.log(error instanceof InvalidPath); // true
 * }
 * ```
 */
export class InvalidPath extends PyXSError {
  /** `"InvalidPath"`. */
  override name = "InvalidPath";
}

/**
 * The permission is not a letter of `w`, `r`, `b`, `n` and a domid.
 *
 * @example
 * ```ts
 * import { check_perms, InvalidPermission } from "tsxs/pyxs";
 *
 * try {
 *   check_perms(["x0"]);
 * } catch (error) {
 *   console.log(error instanceof InvalidPermission); // true
 * }
 * ```
 */
export class InvalidPermission extends PyXSError {
  /** `"InvalidPermission"`. */
  override name = "InvalidPermission";
}

/**
 * The connection could not be opened, or is over.
 *
 * @example
 * ```ts
 * import { Client, ConnectionError } from "tsxs/pyxs";
 *
 * try {
 *   new Client("/no/such/socket").connect();
 * } catch (error) {
 *   console.log(error instanceof ConnectionError); // true
 * }
 * ```
 */
export class ConnectionError extends PyXSError {
  /** `"ConnectionError"`. */
  override name = "ConnectionError";

  /**
   * Makes the exception. A text is shown whole: it is a sentence, not a value of the caller.
   *
   * @param args The arguments, as in Python.
   */
  constructor(...args: readonly unknown[]) {
    super(...args);
    if (args.length === 1 && typeof args[0] === "string") this.message = args[0];
  }
}

/**
 * The store sent a packet that is not a reply to a request.
 *
 * @example
 * ```ts
 * import { ConnectionError, UnexpectedPacket } from "tsxs/pyxs";
 *
 * console.log(new UnexpectedPacket("a packet") instanceof ConnectionError); // true
 * ```
 */
export class UnexpectedPacket extends ConnectionError {
  /** `"UnexpectedPacket"`. */
  override name = "UnexpectedPacket";
}

/**
 * Makes the exception for the number or the name of an error.
 *
 * @param what The number, or a name such as `"EINVAL"`.
 * @returns The exception.
 *
 * @example
 * ```ts
 * import { error } from "tsxs/pyxs";
 *
 * console.log(error("EINVAL").args[0]); // 22
 * ```
 */
export function error(what: number | string | Uint8Array): PyXSError {
  if (typeof what !== "number") {
    const name = typeof what === "string" ? what : toLatin1(what);
    return error(isErrnoName(name) ? Errno[name] : 0);
  }
  const [name = ""] = Object.entries(Errno).find(([, errno]) => errno === what) ?? [];
  if (isErrnoName(name)) return new PyXSError(what, errnoText(name));
  return new PyXSError(what, what === 0 ? "Success" : `Unknown error ${what}`);
}
