// The syntax of paths.

/** The longest path from the root, in bytes. */
export const ABSOLUTE_PATH_MAX = 3072;
/** The longest path below a domain's home, in bytes. */
export const RELATIVE_PATH_MAX = 2048;

/** Most paths, which need no other check. */
const usual = /^(?:\/[A-Za-z0-9\-_@]+)+$/;
const legal = /^[A-Za-z0-9\-/_@]*$/;
const firstIllegal = /[^A-Za-z0-9\-/_@]/u;

/**
 * Returns what is wrong with a path, or `null` if the path is valid. If `special` is true, a special event
 * (`@introduceDomain`, `@releaseDomain`) is valid as well.
 */
export function pathFault(path: string, special = false): string | null {
  if (path.length <= RELATIVE_PATH_MAX && usual.test(path)) return null;
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

/** Returns how many levels `path` lies below `ancestor`: 0 if they are equal, `null` if it does not lie below. */
export function levelsBelow(ancestor: string, path: string): number | null {
  if (path === ancestor) return 0;
  const prefix = ancestor === "/" ? "/" : `${ancestor}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length).split("/").length : null;
}
