// pyxs's monitor without a store.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { eventOf } from "../../../compat/pyxs/connection.ts";
import { timeout } from "../../support/limits.ts";
import { scriptedClient } from "./scripted.ts";

describe("pyxs's Monitor", () => {
  test("wait() gives 300,000 waiting events in their order, and moves none of them", { timeout }, () => {
    const COUNT = 300_000;
    let token = "";
    const m = scriptedClient(({ strings }) => (token = strings[1] ?? "", "OK\0")).monitor();
    m.watch("/m", "a token");
    for (let i = 0; i < COUNT; i++) m.deliver(eventOf(`/m/${i}`, token));
    let taken = 0;
    for (const event of m.wait()) {
      if (event.path !== `/m/${taken}` || event.token !== "a token") assertEquals(event.path, `/m/${taken}`);
      if (++taken === COUNT) break;
    }
    assertEquals(taken, COUNT);
  });
});
