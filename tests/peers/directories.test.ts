// Directories of the real daemons that exceed one message by far.

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
    test("list() reads 20,000 names of xenstored in parts, in order", { timeout }, async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      // The daemon copies the whole list for each new child, so 100,000 children would take a minute.
      const names = await makeMany(client, 20_000);
      assertEquals(await client.list("/many"), names);
    });

    test(
      "list() starts again if a directory of xenstored changes while it is read",
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

    test("list() reads 100,000 names of oxenstored in one reply", { timeout }, async () => {
      await using store = await startOxenstored();
      await using client = await connect(`unix:${store.socket}`);
      const names = await makeMany(client, 100_000);
      assertEquals(await client.list("/many"), names.sort());
    });
  });
});
