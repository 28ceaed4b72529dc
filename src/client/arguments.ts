// The arguments of every request: paths, texts and options, and the checks of them.

import { InvalidPathError, InvalidPayloadError, InvalidPermissionError } from "../wire/errors.ts";
import { Operation, operationName } from "../wire/operations.ts";
import { pathFault } from "../wire/path.ts";
import { checkOptions, kindFault, type OptionNames } from "../wire/checks.ts";
import { formatPermission, parsePermission, type Permission, permissionFault } from "../wire/permissions.ts";
import { toBytes, toLatin1 } from "../wire/text.ts";

/**
 * A path: absolute (`/local/domain/0`, at most 3072 bytes), or relative to the home of the client's domain (at most
 * 2048 bytes). Allowed are letters, digits, `-`, `/`, `_` and `@`. Source: Xen's `docs/misc/xenstore.txt`.
 */
export type Path = string | Uint8Array;

/** The options of every request. */
export interface RequestOptions {
  /**
   * Ends the wait for the reply, with the signal's reason. The store may have carried out the request all the same.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

/** The options of a request that was given none. They need no check. */
export const NO_OPTIONS: RequestOptions = Object.freeze({});

/** The names of the options of every request. */
export const REQUEST_OPTIONS: OptionNames<RequestOptions> = { signal: true };

/** Returns the signal of a request. Throws a `TypeError` if an option is unknown. */
export function signalOf(
  operation: Operation,
  options: RequestOptions,
  known: Readonly<Record<string, true>> = REQUEST_OPTIONS,
): AbortSignal | undefined {
  if (options === NO_OPTIONS) return undefined;
  checkOptions(operationName(operation), options, known);
  return options.signal;
}

/** Returns a path as text. Throws a `TypeError` if the path is neither text nor bytes. */
export function pathText(path: Path, operation: string): string {
  if (typeof path === "string") return path;
  if (path instanceof Uint8Array) return toLatin1(path);
  throw new TypeError(`${operation}: ${kindFault("a path", path)}`);
}

const onSpecialNodes = new Set<Operation>([
  Operation.GET_PERMS,
  Operation.SET_PERMS,
  Operation.WATCH,
  Operation.UNWATCH,
]);

/** Returns a path as text. Throws an {@linkcode InvalidPathError} if the path is invalid. */
export function checkedPath(path: Path, operation: Operation): string {
  const text = pathText(path, operationName(operation));
  const fault = pathFault(text, onSpecialNodes.has(operation));
  if (fault !== null) throw new InvalidPathError(fault, { operation: operationName(operation), path: text });
  return text;
}

/** Returns a text that a NUL ends on the wire. Throws an {@linkcode InvalidPayloadError} if the text contains a NUL. */
export function checkedString(text: string, operation: Operation, path?: string): string {
  if (typeof text === "string" && !text.includes("\0")) return text;
  const fault = typeof text === "string"
    ? `${JSON.stringify(text)} contains a NUL`
    : `expected a text: got ${typeof text}`;
  throw new InvalidPayloadError(fault, { operation: operationName(operation), path });
}

/** Returns the bytes of a value. Throws a `TypeError` if the value is neither text nor bytes. */
export function valueBytes(value: string | Uint8Array, path: string): Uint8Array {
  if (typeof value === "string" || value instanceof Uint8Array) return toBytes(value);
  throw new TypeError(`WRITE ${JSON.stringify(path)}: ${kindFault("a value", value)}`);
}

/** Returns permissions as they are sent. Throws an {@linkcode InvalidPermissionError} if one is invalid. */
export function permissionTexts(permissions: readonly (Permission | string)[], path: string): string[] {
  const context = { operation: "SET_PERMS", path };
  if (!Array.isArray(permissions)) {
    throw new InvalidPermissionError(`expected a list of permissions: got ${typeof permissions}`, context);
  }
  if (permissions.length === 0) {
    throw new InvalidPermissionError("the list is empty: it must name an owner", context);
  }
  return permissions.map((permission) => permissionText(permission, context));
}

function permissionText(permission: Permission | string, context: { operation: string; path: string }): string {
  const parsed = typeof permission === "string" ? parsePermission(permission) : permission;
  if (parsed === null || typeof parsed !== "object") {
    const fault = `${JSON.stringify(permission)} is not a letter of n, r, w, b and a domid`;
    throw new InvalidPermissionError(fault, context);
  }
  const fault = permissionFault(parsed);
  if (fault !== null) throw new InvalidPermissionError(fault, context);
  return formatPermission(parsed);
}
