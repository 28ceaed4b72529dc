// The subcommands on dumps with the real daemons.

import { describe, test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { openTransport } from "../../src/transport/open.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { Random } from "../support/random.ts";
import { type RealStore, startOxenstored, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

type Command = (words: string, setting?: Setting) => Promise<Ran>;

function commandOn({ socket }: RealStore): Command {
  const open = async () => (await openTransport(`unix:${socket}`)).transport;
  return (words, setting) => run(open, ["tsxs", ...words.split(" ")], setting);
}

/** Fills `/tool/t` with 400 nodes that have values of all bytes, and permissions. */
async function fill(store: Client): Promise<void> {
  const random = new Random(7);
  const letters = ["n", "r", "w", "b"] as const;
  for (let i = 0; i < 400; i++) {
    const path = `/tool/t/${i % 20}/${random.of(["-", "A", "_", "z"])}${i}`;
    await store.write(path, Uint8Array.from({ length: random.below(900) }, () => random.below(256)));
    await store.setPerms(
      path,
      Array.from({ length: 1 + random.below(3) }, () => `${random.of(letters)}${random.below(9)}`),
    );
  }
}

const restored = (count: number, { ending, stdout, stderr }: Ran): void => {
  assertEquals([ending, stdout.split("\n").length - 1, stderr], [0, count, ""]);
};

withPeers("dumps of the real daemons", () => {
  describe("dumps of the real daemons", () => {
    for (const [name, start] of [["xenstored", startXenstored], ["oxenstored", startOxenstored]] as const) {
      test(`${name}: restore brings back a tree of all bytes, and what another client added goes with --delete`, async () => {
        await using daemon = await start();
        await using store = await connect(`unix:${daemon.socket}`);
        const command = commandOn(daemon);
        await fill(store);
        const { stdout: input } = await command("dump /tool/t");
        await store.delete("/tool/t");
        restored(421, await command("restore --yes -", { input }));
        await store.write("/tool/t/new/below", "");
        await store.write("/tool/t/3", "changed");
        restored(3, await command("restore --yes --delete -", { input }));
        assertEquals(await command("diff -", { input }), { ending: 0, stdout: "", stderr: "" });
        assertEquals((await command("dump /tool/t")).stdout, input);
        assertEquals((await command("find /tool/t/3/*")).stdout.split("\n").length - 1, 20);
        assertStringIncludes((await command("stat /tool/t")).stdout, "domain");
      });
    }

    test("a dump of xenstored is restored on oxenstored, and the other way round", async () => {
      await using first = await startXenstored();
      await using second = await startOxenstored();
      await using store = await connect(`unix:${first.socket}`);
      await fill(store);
      const [here, there] = [commandOn(first), commandOn(second)];
      const { stdout: input } = await here("dump /tool/t");
      restored(421, await there("restore --yes -", { input }));
      assertEquals((await there("dump /tool/t")).stdout, input);
      await store.delete("/tool/t");
      restored(421, await here("restore --yes -", { input: (await there("dump /tool/t")).stdout }));
      assertEquals((await here("dump /tool/t")).stdout, input);
    });
  });
});
