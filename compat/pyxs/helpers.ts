// pyxs's checks of paths and permissions, and how text and bytes stand for Python's bytes.

import { pathFault } from "../../src/wire/path.ts";
import { toLatin1 } from "../../src/wire/text.ts";
import { pythonError, typeName } from "../python.ts";
import { InvalidPath, InvalidPermission } from "./exceptions.ts";

/** An argument for Python's bytes: text, which is encoded as UTF-8, or bytes. */
export type Bytes = string | Uint8Array;

/** Returns a path, token or permission as text, one character for each byte. Throws a `TypeError` for anything else. */
export function text(bytes: Bytes): string {
  if (typeof bytes === "string") return bytes;
  if (bytes instanceof Uint8Array) return toLatin1(bytes);
  throw pythonError("TypeError", `expected string or bytes-like object, got '${typeName(bytes)}'`);
}

/**
 * Checks the path of a node.
 *
 * Allowed are letters, digits and `-/_@`, at most 3072 bytes for an absolute path and 2048 for a relative one. A slash
 * at the end and two slashes in a row are invalid.
 *
 * @param path The path.
 * @returns The path as text.
 * @throws {InvalidPath} If the path is invalid.
 *
 * @example
 * ```ts
 * import { check_path } from "tsxs/pyxs";
 *
 * console.log(check_path("/local/domain/0")); // /local/domain/0
 * ```
 */
export function check_path(path: Bytes): string {
  // Special events are valid here, as in pyxs: the store refuses them.
  if (pathFault(text(path), true) !== null) throw new InvalidPath(path);
  return text(path);
}

/**
 * Checks the path of a watch: that of a node, `@introduceDomain` or `@releaseDomain`.
 *
 * @param wpath The path.
 * @returns The path as text.
 * @throws {InvalidPath} If the path is invalid.
 *
 * @example
 * ```ts
 * import { check_watch_path } from "tsxs/pyxs";
 *
 * console.log(check_watch_path("@releaseDomain").length); // 14
 * ```
 */
export function check_watch_path(wpath: Bytes): string {
  const path = text(wpath);
  if (path.startsWith("@") && path !== "@introduceDomain" && path !== "@releaseDomain") throw new InvalidPath(wpath);
  return check_path(path);
}

/**
 * Checks permissions.
 *
 * @param perms The permissions.
 * @returns The permissions as text.
 * @throws {InvalidPermission} If one is not a letter of `w`, `r`, `b`, `n` and a domid.
 *
 * @example
 * ```ts
 * import { check_perms } from "tsxs/pyxs";
 *
 * console.log(check_perms(["n0", "r5"]).length); // 2
 * ```
 */
export function check_perms(perms: readonly Bytes[]): string[] {
  return perms.map((perm) => {
    if (!/^[wrbn]\d+$/.test(text(perm))) throw new InvalidPermission(perm);
    return text(perm);
  });
}
