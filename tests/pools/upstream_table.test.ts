// The table of docs/pools.md on what avocado-i2n does: each row says what became of it, and each change says why.

import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";

const text = readFileSync(new URL("../../docs/pools.md", import.meta.url), "utf8");
const rows = text.slice(text.indexOf("| in avocado-i2n")).split("\n").filter((line) => line.startsWith("|")).slice(2)
  .map((line) => line.split("|").map((cell) => cell.trim()).slice(1, 3));

/** The methods of avocado-i2n. `get`, `set` and their like are those of the classes that are named before. */
const methods: readonly string[] = [
  "StateBackend",
  "get_root",
  ...["check_states", "get_states", "set_states", "unset_states", "push", "pop"],
  ...["list", "compare", "download", "upload", "delete"].flatMap((operation) =>
    ["local", "remote", "link"].map((kind) => `${operation}_${kind}`)
  ),
  ...["get_session", "image_lock", "SKIP_LOCKS", "update_pool_timeout"],
  ...["get_dependency", "compare_chain", "transfer_chain", "show", "get_sources", "get_source_scope"],
  ...["show", "get", "set", "unset"].map((method) => `SourcedStateBackend.${method}`),
  ...["check_root", "get_root", "set_root"].map((method) => `RootSourcedStateBackend.${method}`),
  ...["QCOW2ImageTransfer.get", "QCOW2ExtBackend"],
];

describe("the table of what differs from avocado-i2n", () => {
  test("says of each row whether it was kept or changed, and why it was changed", () => {
    assert(rows.length > 40, `${rows.length} rows`);
    for (const [upstream = "", here = ""] of rows) {
      assert(/^(?:Kept|Changed)\b/.test(here), upstream);
      const changes = here.match(/Changed\b[^.:]*/g) ?? [];
      assertEquals(changes.filter((change) => !change.includes(", because ")), [], upstream);
    }
  });

  for (const method of methods) {
    test(`has a row on ${method}`, () => {
      assert(rows.some(([upstream = ""]) => upstream.includes(`\`${method}`)), method);
    });
  }
});
