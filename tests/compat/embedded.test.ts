// Ported programs with an embedded store, whose daemon runs in a worker.

import { after, describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { Players } from "./players.ts";
import { timeout } from "../support/limits.ts";

describe("embedded stores", () => {
  const players = new Players("tests/compat/embedded_program.ts");
  after(() => players[Symbol.dispose]());

  test("blocking handles share an embedded store by its name", { timeout }, async () => {
    const printed = await players.run("embedded_program", [], { NO_COLOR: "1" });
    assertEquals(printed.replace(/['"]/g, "").trim().split("\n"), [
      "worker embedded:one",
      "true",
      "2 255 [ a, b ]",
      "/here/a /here/b null false",
      "22",
      "0",
      "false",
      "token 2",
    ]);
  });
});
