// Files of a location that call back before each operation, so that a test can change the location at any step.

import type { PoolFiles } from "../../src/pools/files.ts";

/** Returns the same files. `before` is called before each operation, and may reject in its place. */
export function hookedFiles(
  files: PoolFiles,
  before: (operation: keyof PoolFiles, path: string) => Promise<unknown>,
): PoolFiles {
  const hooked =
    (operation: Exclude<keyof PoolFiles, "location" | "close" | "read">) =>
    async (...args: readonly string[]): Promise<never> => {
      const call = files[operation].bind(files) as (...args: readonly unknown[]) => Promise<never>;
      await before(operation, args[0] ?? "");
      return await call(...args);
    };
  return {
    location: files.location,
    list: hooked("list"),
    status: hooked("status"),
    openPart: hooked("openPart"),
    createPart: hooked("createPart"),
    createExclusive: hooked("createExclusive") as unknown as PoolFiles["createExclusive"],
    rename: hooked("rename"),
    link: hooked("link"),
    remove: hooked("remove"),
    close: () => files.close(),
    async *read(...args: Parameters<PoolFiles["read"]>): AsyncGenerator<Uint8Array, void> {
      await before("read", args[0]);
      yield* files.read(...args);
    },
  };
}
