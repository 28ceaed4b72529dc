// Real daemons that answer nothing: clean-up does not wait for them without end. Each test takes the 5 seconds after
// which a store counts as silent.

import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client as PyxsClient } from "../../compat/pyxs.ts";
import { connect, type Status } from "../../mod.ts";
import { collect } from "../contract/scratch.ts";
import { timeout } from "../support/limits.ts";
import { startOxenstored, startXenbus, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

withPeers("clean-up does not depend on the daemon", () => {
  describe("a daemon that is stopped", { timeout }, () => {
    for (const start of [startXenstored, startOxenstored]) {
      const name = start === startXenstored ? "xenstored" : "oxenstored";

      test(`${name} does not keep the error of an abort, nor a monitor and a transaction that are disposed`, async () => {
        await using store = await start();
        const statuses: Status[] = [];
        await using client = await connect(`unix:${store.socket}`, { onStatus: (status) => statuses.push(status) });
        const work = async () => {
          await using monitor = client.monitor();
          await monitor.watch("/tool");
          await collect(monitor, () => true);
          await using transaction = await client.transaction();
          process.kill(store.pid, "SIGSTOP");
          await transaction.read("/tool", { signal: AbortSignal.abort(new RangeError("enough")) })
            .catch(() => transaction.read("/tool", { signal: AbortSignal.timeout(50) }));
        };
        const error = await assertRejects(work, Error);
        assertEquals(error.name, "TimeoutError");
        assertEquals(client.isConnected, false);
        assertEquals(statuses.map(({ type }) => type), ["connected", "disconnected", "closed"]);
        const [, lost] = statuses;
        assert(lost?.type === "disconnected");
        assertEquals(lost.error.code, "ETIMEDOUT");
      });
    }

    test("xenstored does not keep a monitor of pyxs from closing, nor the error of a body that uses one", async () => {
      await using store = await startXenstored();
      const client = new PyxsClient(store.socket);
      const body = () => {
        using monitor = client.monitor();
        monitor.watch("/tool", "token");
        process.kill(store.pid, "SIGSTOP");
        throw new RangeError("enough");
      };
      assertThrows(body, RangeError, "enough");
      assertEquals(client.router.is_connected, false);
      process.kill(store.pid, "SIGCONT");
    });

    test("xenstored does not keep a client of the stand-in for the device from closing", async () => {
      await using store = await startXenstored();
      await using device = await startXenbus(store.socket);
      const client = await connect(`xenbus:${device.path}`);
      await client.read("/tool");
      process.kill(store.pid, "SIGSTOP");
      const signal = AbortSignal.timeout(50);
      assertEquals((await assertRejects(() => client.close({ signal }), Error)).name, "TimeoutError");
      await client.close();
      assertEquals(client.isConnected, false);
      process.kill(store.pid, "SIGCONT");
    });
  });
});
