// The addresses "embedded:" and "embedded:NAME": stores within this process, started by connect().

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../mod.ts";
import { turn } from "../support/line.ts";

/** The names of all embedded stores. */
function stores(): string[] {
  const holder = globalThis as Record<symbol, unknown>;
  const found = holder[Symbol.for("tsxs.embedded")];
  return found instanceof Map ? [...found.keys()] : [];
}

describe("embedded:", () => {
  test("each connection to embedded: has its own store", async () => {
    await using one = await connect("embedded:");
    await using other = await connect("embedded:");
    await one.write("/tool/x", "1");
    assertEquals(await other.exists("/tool/x"), false);
    assertEquals(one.address, "embedded:");
  });

  test("a client of embedded: finds an empty store after it has connected again", async () => {
    await using client = await connect("embedded:");
    await client.write("/tool/x", "1");
    await client.close();
    await client.connect();
    assertEquals(await client.exists("/tool/x"), false);
  });

  test("a closed connection to embedded: leaves no store", async () => {
    await (await connect("embedded:")).close();
    await turn();
    assertEquals(stores(), []);
  });
});

describe("embedded:NAME", () => {
  test("clients of the same embedded:NAME share a store, clients of another name do not", async () => {
    await using one = await connect("embedded:a");
    await using other = await connect("embedded:a");
    await using stranger = await connect("embedded:b");
    await one.write("/tool/x", "1");
    assertEquals(await other.readText("/tool/x"), "1");
    assertEquals(await stranger.exists("/tool/x"), false);
    assertEquals([one.address, stores()], ["embedded:a", ["a", "b"]]);
  });

  test("the store of embedded:NAME exists until its last connection is closed", async () => {
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

  test("opening a connection while another one closes works, and leaves no store", async () => {
    const one = await connect("embedded:d");
    await one.write("/tool/x", "1");
    const [other] = await Promise.all([connect("embedded:d"), one.close()]);
    assertEquals(typeof await other.exists("/tool/x"), "boolean");
    await other.close();
    await turn();
    assertEquals(stores(), []);
  });

  test("an aborted connect() leaves no store", async () => {
    const abort = new AbortController();
    const connecting = connect("embedded:e", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await assertRejects(() => connecting, Error, "enough");
    await turn();
    assertEquals(stores(), []);
  });
});
