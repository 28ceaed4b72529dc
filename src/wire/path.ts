// Which paths a store accepts.

/** The longest path from the root, in bytes. */
export const ABSOLUTE_PATH_MAX = 3072;
/** The longest path below a domain's home, in bytes. */
export const RELATIVE_PATH_MAX = 2048;

const legal = /^[A-Za-z0-9\-/_@]*$/;
const firstIllegal = /[^A-Za-z0-9\-/_@]/u;

/**
 * Says what is wrong with the path of a node or, where `special` is true, of a node or special event
 * (`@introduceDomain`, `@releaseDomain`); `null` when nothing is.
 */
export function pathFault(path: string, special = false): string | null {
  if (path === "/") return null;
  if (path === "") return "it is empty";
  if (!legal.test(path)) return `it contains ${JSON.stringify(firstIllegal.exec(path)?.[0])}`;
  if (path.endsWith("/")) return "it ends with a slash";
  if (path.includes("//")) return "it contains two slashes in a row";
  if (path.startsWith("@")) {
    if (!special) return "it names a special event, which is not a node";
  }
  const limit = path.startsWith("/") ? ABSOLUTE_PATH_MAX : RELATIVE_PATH_MAX;
  return path.length > limit ? `it is ${path.length} bytes long, ${limit} are allowed` : null;
}

/** The path of a child, given its parent's path and its name. */
export function childPath(parent: string, name: string): string {
  return parent === "/" ? `/${name}` : `${parent}/${name}`;
}

/** How many levels `path` lies below `ancestor`: 0 where they are the same, `null` where it is not below it at all. */
export function levelsBelow(ancestor: string, path: string): number | null {
  if (path === ancestor) return 0;
  const prefix = ancestor === "/" ? "/" : `${ancestor}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length).split("/").length : null;
}
