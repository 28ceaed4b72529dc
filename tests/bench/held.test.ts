// The committed ratios: every ratio has one for every runtime of CI, and there are no others.

import { describe, test } from "node:test";
import { readFileSync } from "node:fs";
import { assert, assertEquals } from "@std/assert";
import { mismatches, type Ratios } from "../../bench/judge.ts";
import { RATIOS } from "../../bench/ratios.ts";
import { runtimesOfCi } from "../../bench/runtimes_of_ci.ts";

const committed: Ratios = JSON.parse(readFileSync(new URL("../../bench/held.json", import.meta.url), "utf8"));
const margins = Object.fromEntries(RATIOS.map(({ name, margin }) => [name, margin]));

describe("bench/held.json", () => {
  test("CI measures two Nodes, Deno and Bun", () => {
    const names = runtimesOfCi();
    assertEquals(names.map((name) => name.split(" ")[0]), ["Node", "Node", "Deno", "Bun"]);
    for (const name of names) assert(/^\w+ \d+$/.test(name), name);
    assertEquals(new Set(names).size, 4);
  });

  test("the names of the ratios are different", () => {
    assertEquals(Object.keys(margins).length, RATIOS.length);
  });

  test("held.json has each ratio for each runtime of CI, and nothing else", () => {
    assertEquals(mismatches({ margins, runtimes: runtimesOfCi() }, committed), []);
  });

  test("a ratio that is removed from held.json is missed", () => {
    for (const { name } of RATIOS) {
      for (const runtime of runtimesOfCi()) {
        const { [runtime]: _, ...others } = committed[name] ?? {};
        const found = mismatches({ margins, runtimes: runtimesOfCi() }, { ...committed, [name]: others });
        assertEquals(found, [`${name}, on ${runtime}: no ratio`]);
      }
    }
  });
});
