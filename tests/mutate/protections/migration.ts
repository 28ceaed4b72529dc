// The protections against an invalid migration stream.

import type { Protection } from "../protection.ts";

/** The protections against an invalid migration stream. */
export const migration: readonly Protection[] = [
  {
    name: "the length of a field",
    file: "src/daemon/migration/cursor.ts",
    remove: "if (length > left) this.fail(`${what} takes ${length} bytes, ${left} are left`);",
    testFile: "tests/daemon/migration/stream.test.ts",
    test: "importStream() rejects a record with fewer bytes than its fields",
  },
  {
    name: "the length of a record",
    file: "src/daemon/migration/import.ts",
    remove: "if (start + length > bytes.length) {",
    instead: "if (false) {",
    testFile: "tests/daemon/migration/stream.test.ts",
    test: "importStream() rejects a record longer than the stream",
  },
  {
    name: "a text ends once",
    file: "src/daemon/migration/cursor.ts",
    remove: "if (end < length - 1) this.fail(`${what} of ${length} bytes ends after ${end + 1}`, start);",
    testFile: "tests/daemon/migration/stream.test.ts",
    test: "importStream() rejects a path that ends early",
  },
  {
    name: "a node follows its parent",
    file: "src/daemon/migration/records.ts",
    remove: 'if (!draft.paths.has(parent) && (draft.paths.has("/") || !draft.isKnown(parent))) {',
    instead: "if (false) {",
    testFile: "tests/daemon/migration/stream.test.ts",
    test: "importStream() accepts a node without its parent if isKnown() knows the parent",
  },
  {
    name: "a node is there once",
    file: "src/daemon/migration/records.ts",
    remove: "if (draft.paths.has(path)) cursor.fail(",
    instead: "if (false) cursor.fail(",
    testFile: "tests/daemon/migration/stream.test.ts",
    test: "importStream() rejects a repeated node",
  },
];
