// The paths of nodes that begin as what was typed, from the store.

import type { Session } from "../session.ts";

/** The nodes of a larger directory get no slash, since that takes a request for each of them. */
const LOOKED_INTO = 64;
const SPECIAL = ["@introduceDomain", "@releaseDomain"];

/**
 * Returns the paths that begin with `typed`. A path ends with a slash if there are nodes below it.
 *
 * Throws the error of the store if the directory cannot be listed.
 */
export async function pathsFrom(session: Session, typed: string): Promise<string[]> {
  if (typed.startsWith("@")) return SPECIAL.filter((name) => name.startsWith(typed));
  const lead = typed === "" ? "/" : typed.slice(0, typed.lastIndexOf("/") + 1);
  // A name without a slash is below the node of this domain, whose path cannot be asked for.
  if (lead === "") return [];
  const names = await session.list(lead.replace(/(?!^)\/+$/, ""));
  const paths = names.map((name) => lead + name).filter((path) => path.startsWith(typed) && isTypeable(path));
  if (paths.length > LOOKED_INTO) return paths;
  return await Promise.all(paths.map(async (path) => {
    const children = await session.list(path).catch(() => []);
    return children.length === 0 ? path : `${path}/`;
  }));
}

/** Whether a text is printable ASCII. A name with other bytes cannot be typed, and could harm a terminal. */
function isTypeable(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
