// The addresses "embedded:" and "embedded:NAME": stores of this process that nobody starts.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../mod.ts";
import { turn } from "../support/line.ts";

/** The stores that there are, by their names. */
function stores(): string[] {
  const holder = globalThis as Record<symbol, unknown>;
  const found = holder[Symbol.for("tsxs.embedded")];
  return found instanceof Map ? [...found.keys()] : [];
}

describe("embedded:", () => {
  test("leads to a store of its own each time", async () => {
    await using one = await connect("embedded:");
    await using other = await connect("embedded:");
    await one.write("/tool/x", "1");
    assertEquals(await other.exists("/tool/x"), false);
    assertEquals(one.address, "embedded:");
  });

  test("leads to an empty store after the client has connected again", async () => {
    await using client = await connect("embedded:");
    await client.write("/tool/x", "1");
    await client.close();
    await client.connect();
    assertEquals(await client.exists("/tool/x"), false);
  });

  test("is done with its connection: nothing is left", async () => {
    await (await connect("embedded:")).close();
    await turn();
    assertEquals(stores(), []);
  });
});

describe("embedded:NAME", () => {
  test("leads all who use the name to one store, and others to theirs", async () => {
    await using one = await connect("embedded:a");
    await using other = await connect("embedded:a");
    await using stranger = await connect("embedded:b");
    await one.write("/tool/x", "1");
    assertEquals(await other.readText("/tool/x"), "1");
    assertEquals(await stranger.exists("/tool/x"), false);
    assertEquals([one.address, stores()], ["embedded:a", ["a", "b"]]);
  });

  test("keeps its store until its last connection is closed", async () => {
    const one = await connect("embedded:c");
    await one.write("/tool/x", "1");
    const other = await connect("embedded:c");
    await one.close();
    await turn();
    assertEquals(await other.readText("/tool/x"), "1");
    await other.close();
    await turn();
    assertEquals(stores(), []);
    await using later = await connect("embedded:c");
    assertEquals(await later.exists("/tool/x"), false);
  });

  test("gives up nothing where connections cross: one closes while another one opens", async () => {
    const one = await connect("embedded:d");
    await one.write("/tool/x", "1");
    const [other] = await Promise.all([connect("embedded:d"), one.close()]);
    assertEquals(typeof await other.exists("/tool/x"), "boolean");
    await other.close();
    await turn();
    assertEquals(stores(), []);
  });

  test("leaves no store behind where connecting is aborted while it is under way", async () => {
    const abort = new AbortController();
    const connecting = connect("embedded:e", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await assertRejects(() => connecting, Error, "enough");
    await turn();
    assertEquals(stores(), []);
  });
});
