// What there is once in a process, however many copies of this package are loaded into it.

/**
 * Returns the value that the process has under a name, and makes it at the first call.
 *
 * No module has state that changes, and two copies of a module would not share it. This is the one exception: the
 * embedded stores by name, the workers that serve them, and what is to be done when the process exits.
 */
export function processWide<T extends object>(name: string, make: () => T): T {
  const key = Symbol.for(`tsxs.${name}`);
  const holder = globalThis as { [key: symbol]: T | undefined };
  return holder[key] ??= make();
}
