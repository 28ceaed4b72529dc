// The protections of pools: verified transfers, what a pool may name, locks, and what others depend on.

import type { Protection } from "../protection.ts";

/** The protections of pools. */
export const pools: readonly Protection[] = [
  {
    name: "the digest of a copied file",
    file: "src/pools/copy.ts",
    remove: '  if (digester.now() !== digest.sha256) throw damaged("its content differs from its digest");\n',
    testFile: "tests/pools/transfer.test.ts",
    test: "refuses a source whose content is not what its manifest says, and does not show it",
  },
  {
    name: "the beginning from which a transfer resumes",
    file: "src/pools/copy.ts",
    remove: "return digester.now() === digest.beginnings[strides - 1] ? digester : new Digester(stride);",
    instead: "return digester;",
    testFile: "tests/pools/transfer.test.ts",
    test: "goes on only from a beginning whose hash agrees",
  },
  {
    name: "a link in place of a file of a pool",
    file: "src/pools/files_local.ts",
    remove: "O_RDONLY | O_NOFOLLOW | O_NONBLOCK",
    instead: "O_RDONLY | O_NONBLOCK",
    testFile: "tests/pools/transfer.test.ts",
    test: "never follows a link that a pool has in place of a file",
  },
  {
    name: "links out of the directory of a pool",
    file: "src/pools/files_local.ts",
    remove: "target !== null && dirname(target) === dirname(join(this.#linked, path)) ? target : own",
    instead: "target ?? own",
    testFile: "tests/pools/links.test.ts",
    test: "are not followed out of the directory of the pool",
  },
  {
    name: "an image that leads to another file",
    file: "src/pools/transfer.ts",
    remove: "if (path.endsWith(IMAGE_END)) await checkArrived(target, manifest, path, partPath(path, file));",
    testFile: "tests/pools/transfer.test.ts",
    test: "never shows an image that would make a program read another file",
  },
  {
    name: "an image of a pool of links",
    file: "src/pools/links.ts",
    remove: "if (path.endsWith(IMAGE_END)) await checkImage(pool.files, manifest, at, { signal });",
    testFile: "tests/pools/links.test.ts",
    test: "are not made to an image that leads to another file",
  },
  {
    name: "a file in place of a link",
    file: "src/pools/links.ts",
    remove: "if (found === null && await isThere(path)) {",
    instead: "if (found !== null && path === target) {",
    testFile: "tests/pools/links.test.ts",
    test: "do not replace a file of this host",
  },
  {
    name: "what depends on a removed state",
    file: "src/pools/state_files.ts",
    remove: "if (dependents.length > 0) {",
    instead: "if (dependents.length > 9) {",
    testFile: "tests/pools/transfer.test.ts",
    test: "are not removed if others depend on them",
  },
  {
    name: "what depends on a state that a transfer would change",
    file: "src/pools/transfer.ts",
    remove: "if (dependents.length === 0) return;",
    instead: "if (dependents.length < 9) return;",
    testFile: "tests/pools/transfer.test.ts",
    test: "does not change a state at the target on which others depend there",
  },
  {
    name: "the digest of a state that is returned to",
    file: "src/pools/local_states.ts",
    remove:
      "      for (const manifest of await this.states.chain(context)) await verifyState(this.states, manifest, request.signal);\n",
    testFile: "tests/pools/local_states.test.ts",
    test: "are verified before the store is changed",
  },
  {
    name: "the lock of a state that is fresh",
    file: "src/pools/locks.ts",
    remove: "if (!lock.isStale && options.force !== true) {",
    instead: "if (lock.age < 0) {",
    testFile: "tests/pools/transfer_ops.test.ts",
    test: "a lock that is not stale is broken by force alone, and its owner does not change the state then",
  },
  {
    name: "the lock of the next owner",
    file: "src/pools/lock.ts",
    remove: "if (await isOwn()) await files.remove(path);",
    instead: "await files.remove(path);",
    testFile: "tests/pools/lock.test.ts",
    test: "that was not renewed for a minute goes to the next one, and its owner is told",
  },
  {
    name: "the clock of a lock",
    file: "src/pools/lock.ts",
    remove: "const seen = Math.max(status.modified, sign?.modified ?? 0);",
    instead: 'const seen = Date.parse(owner?.since ?? "") || 0;',
    testFile: "tests/pools/lock.test.ts",
    test: "is stale after a minute by the clock of the location, whatever the clock of its owner says",
  },
];
