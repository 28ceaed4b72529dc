// pyxs's monitor without a store.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { eventOf } from "../../../compat/pyxs/connection.ts";
import { WaitingEvents } from "../../../compat/pyxs/waiting_events.ts";
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

  test("wait() gives the events that came before their watch ended, each with its token, if they are wanted", () => {
    const tokens: string[] = [];
    const m = scriptedClient(({ strings }) => (tokens.push(strings[1] ?? ""), "OK\0")).monitor();
    for (const path of ["/a", "/b"]) m.watch(path, `token of ${path}`);
    const [a = "", b = ""] = tokens;
    for (const [path, token] of [["/a/1", a], ["/b/1", b], ["/a/2", a]] as const) m.deliver(eventOf(path, token));
    m.unwatch("/a", "token of /a");
    const events = m.wait(true);
    const taken = Array.from({ length: 3 }, () => events.next().value ?? null);
    assertEquals(taken.map((event) => [...event ?? []]), [
      ["/a/1", "token of /a"],
      ["/b/1", "token of /b"],
      ["/a/2", "token of /a"],
    ]);
  });
});

describe("the waiting events of pyxs's Monitor", () => {
  test("keep the tokens of ended watches while their events wait, and no longer", () => {
    const events = new WaitingEvents();
    for (let i = 0; i < 1000; i++) {
      events.push({ path: "/a", token: `${i}` });
      events.push({ path: "/a/b", token: `${i}` });
      events.end(`${i}`, `token ${i}`);
      events.end(`quiet ${i}`, "token");
      assertEquals(events.ended, 1);
      assertEquals(events.take()?.ended, `token ${i}`);
      assertEquals([events.ended, events.at(0)?.path], [1, "/a/b"]);
      assertEquals([events.take()?.ended, events.ended, events.take()], [`token ${i}`, 0, null]);
    }
  });
});
