// Directories far too long for one message, of the real daemons.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { startOxenstored, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { timeout } from "../support/limits.ts";

async function makeMany(client: Client, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `${i}`);
  for (let i = 0; i < count; i += 5000) {
    await Promise.all(names.slice(i, i + 5000).map((name) => client.mkdir(`/many/${name}`)));
  }
  return names;
}

withPeers("long directories are listed whole", () => {
  describe("long directories", () => {
    test("of xenstored come in parts, in order", { timeout }, async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      // The daemon copies the whole list for each child that is made: 100,000 would take a minute to make.
      const names = await makeMany(client, 20_000);
      assertEquals(await client.list("/many"), names);
    });

    test(
      "of xenstored that change while they are listed are listed from the start again",
      { timeout },
      async () => {
        await using store = await startXenstored();
        await using client = await connect(`unix:${store.socket}`);
        const names = await makeMany(client, 3000);
        const listing = client.list("/many");
        for (let i = 0; i < 20; i++) await client.mkdir(`/many/new-${i}`);
        const listed = await listing;
        assertEquals(listed.slice(0, 3000), names);
        assertEquals(listed, (await client.list("/many")).slice(0, listed.length));
      },
    );

    test("of oxenstored come in one reply, however long", { timeout }, async () => {
      await using store = await startOxenstored();
      await using client = await connect(`unix:${store.socket}`);
      const names = await makeMany(client, 100_000);
      assertEquals(await client.list("/many"), names.sort());
    });
  });
});
