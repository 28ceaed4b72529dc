// What a path is made of: its last name, and the paths above it.

/** The path above a path; "/" for those that have none above them. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The paths above a path, nearest first, as far as the root. */
export function* ancestors(path: string): Generator<string> {
  while (path !== "/") yield path = parentPath(path);
}

/** The last name of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
