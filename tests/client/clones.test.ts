// Clients and daemons belong to their thread.

import { describe, test } from "node:test";
import { connect } from "../../mod.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { assertUncloneable } from "../support/clones.ts";

describe("a structured clone", () => {
  test("of a client, transaction, monitor or daemon fails", async () => {
    await using daemon = new Daemon();
    await using client = await connect(daemon.connect());
    await using transaction = await client.transaction();
    await using monitor = client.monitor();
    for (const object of [daemon, client, transaction, monitor]) assertUncloneable(object);
  });
});
