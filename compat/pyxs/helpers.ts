// pyxs's checks of paths and permissions, and how text and bytes stand for Python's bytes.

import { pathFault } from "../../src/wire/path.ts";
import { toLatin1 } from "../../src/wire/text.ts";
import { InvalidPath, InvalidPermission } from "./exceptions.ts";

/** What stands for Python's bytes where they are given: text, taken as UTF-8, or bytes. */
export type Bytes = string | Uint8Array;

/** Paths, tokens and permissions as text, one character for each byte. */
export function text(bytes: Bytes): string {
  return typeof bytes === "string" ? bytes : toLatin1(bytes);
}

/**
 * Returns the path. Throws {@linkcode InvalidPath} where no store would accept it: a character other than letters,
 * digits and `-/_@`, a slash at the end or two in a row, over 3072 bytes from the root or 2048 below a home.
 *
 * @example
 * ```ts
 * import { check_path } from "tsxs/pyxs";
 *
 * console.log(check_path("/local/domain/0")); // /local/domain/0
 * ```
 */
export function check_path(path: Bytes): string {
  // Special events pass here, as they do in pyxs: the store refuses them.
  if (pathFault(text(path), true) !== null) throw new InvalidPath(path);
  return text(path);
}

/**
 * Returns the path. Throws {@linkcode InvalidPath} where it can be none to watch: as {@linkcode check_path}, and of
 * special events there are `@introduceDomain` and `@releaseDomain`.
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
 * Returns the permissions. Throws {@linkcode InvalidPermission} where one is not a letter of `w`, `r`, `b`, `n` and a
 * domid.
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
