// A client's connection: how it comes to one, how it closes it, and what it says of that.

import { describe, test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { Client, connect } from "../../src/client/client.ts";
import type { Status } from "../../src/client/status.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { atOnce, connected, Peer, quiet } from "../support/peer.ts";

/** Statuses in short, as they come. */
function statuses(): { log: string[]; onStatus: (status: Status) => void } {
  const log: string[] = [];
  return {
    log,
    onStatus: (status) => log.push("address" in status ? `${status.type} ${status.address}` : status.type),
  };
}

describe("client", () => {
  test("is connected after connect(), and says where", async () => {
    const client = new Client(new Peer().transport);
    assertEquals([client.isConnected, client.address], [false, undefined]);
    assertEquals(await client.connect(), client);
    assertEquals([client.isConnected, client.address], [true, "transport"]);
    await client.close();
    assertEquals(client.isConnected, false);
  });

  test("connects to what a function opens", async () => {
    const peer = new Peer();
    const client = await connect(() => Promise.resolve(peer.transport));
    peer.serve((request) => request.reply("v"));
    assertEquals((await client.read("/a")).length, 2);
    await client.close();
    await peer.ended;
  });

  test("connects once, however often it is told to", async () => {
    let opened = 0;
    const peer = new Peer();
    const client = new Client(() => (opened++, peer.transport));
    await Promise.all([client.connect(), client.connect()]);
    await client.connect();
    assertEquals(opened, 1);
  });

  test("says what was asked of it before it is connected", async () => {
    const client = new Client(new Peer().transport);
    const error = await assertRejects(() => client.read("/a"), ConnectionError, "call connect()");
    assertEquals([error.operation, error.path], ["READ", "/a"]);
  });

  test("fails with a ConnectionError whatever a function that opens throws", async () => {
    const cause = codedError("EMFILE", "no more");
    const error = await assertRejects(() => connect(() => Promise.reject(cause)), ConnectionError, "no more");
    assertEquals([error.code, error.errno, error.cause], ["EMFILE", 24, cause]);
  });

  test("connects again after it was closed while connecting", async () => {
    const client = new Client(() => new Peer().transport);
    const first = client.connect();
    const refused = assertRejects(() => first, ConnectionError, "closed");
    const closing = client.close();
    await client.connect();
    await refused;
    await closing;
    assertEquals(client.isConnected, true);
  });

  test("fails every request before it is connected, and none of them hangs", async () => {
    const client = new Client(new Peer().transport);
    for (
      const call of [
        () => client.read("/a"),
        () => client.list("/a"),
        () => client.transaction(),
        () => client.transact(() => {}),
        () => client.getDomainPath(0),
        () => client.resetWatches(),
        () => client.walk("/").next(),
        () => client.waitFor("/a", () => true),
      ]
    ) {
      const error = await assertRejects(call, ConnectionError, "call connect() first");
      assertEquals(error.code, "ENOTCONN");
    }
    assertThrows(() => client.monitor(), ConnectionError);
    await client.close();
  });

  test("fails as the function fails, and may be told to connect again", async () => {
    const peer = new Peer();
    let fail = true;
    const client = new Client(() => {
      if (fail) throw codedError("ECONNREFUSED", "no store is there");
      return peer.transport;
    });
    await assertRejects(() => client.connect(), Error, "no store is there");
    assertEquals(client.isConnected, false);
    fail = false;
    await client.connect();
    assertEquals(client.isConnected, true);
  });

  test("connect() rejects an invalid address", async () => {
    for (const address of ["", "/var/run/xenstored/socket", "tcp:localhost", "unix:"]) {
      await assertRejects(() => connect(address), TypeError, "invalid address");
    }
  });

  test("connect() fails with the code of the system if no store listens", async () => {
    const error = await assertRejects(() => connect("unix:/nowhere/at/all"), ConnectionError, "unix:/nowhere/at/all");
    assertEquals(error.code, "ENOENT");
    assertInstanceOf(error.cause as Error, Error);
  });

  test("uses a transport once", async () => {
    const { client } = await connected();
    await client.close();
    await assertRejects(() => client.connect(), ConnectionError, "used before");
  });

  test("connects again after close() if a function opens its transports", async () => {
    const peers = [new Peer(), new Peer()];
    const [, second] = peers;
    const client = await connect(() => peers.shift()?.transport ?? assertFails());
    await client.close();
    await client.connect();
    second?.serve((request) => request.ok());
    await client.write("/a", "v");
    assertEquals(client.isConnected, true);
  });

  test("close() fails all that waits, and ends the transport", async () => {
    const { client, peer } = await connected();
    const failed = [
      client.read("/a"),
      client.transaction(),
      client.monitor().watch("/a"),
      client.waitFor("/a", () => true),
    ];
    const rejections = failed.map((waiting) => assertRejects(() => waiting, ConnectionError, "the client was closed"));
    await peer.take(2);
    await client.close();
    await Promise.all(rejections);
    await assertRejects(() => client.read("/b"), ConnectionError, "the client was closed");
    await peer.ended;
  });

  test("close() twice, and before connect(), is fine", async () => {
    const { client } = await connected();
    await Promise.all([client.close(), client.close()]);
    await client[Symbol.asyncDispose]();
    await new Client(new Peer().transport).close();
  });

  test("close() during connect() fails that, and ends what it opens", async () => {
    const peer = new Peer();
    const { log, onStatus } = statuses();
    let open: (transport: Transport) => void = () => {};
    const client = new Client(() => new Promise((resolve) => open = resolve), { onStatus });
    const connecting = client.connect();
    await client.close();
    open(peer.transport);
    await assertRejects(() => connecting, ConnectionError, "the client was closed");
    assertEquals([client.isConnected, log], [false, []]);
  });

  test("connect() stops waiting immediately with the signal's reason", async () => {
    const controller = new AbortController();
    const connecting = new Client(() => new Promise(() => {})).connect({ signal: controller.signal });
    controller.abort(new RangeError("enough"));
    await assertRejects(() => atOnce(connecting), RangeError, "enough");
  });

  test("connect() ends a transport that was opened after its signal was aborted", async () => {
    const peer = new Peer();
    let open: (transport: Transport) => void = () => {};
    const controller = new AbortController();
    const opening = () => new Promise<Transport>((resolve) => open = resolve);
    const connecting = connect(opening, { signal: controller.signal });
    controller.abort(new RangeError("enough"));
    open(peer.transport);
    await assertRejects(() => connecting, RangeError, "enough");
    await peer.ended;
  });

  test("says what becomes of its connection", async () => {
    const { log, onStatus } = statuses();
    const { client } = await connected({}, { onStatus });
    await client.close();
    await client.close();
    await quiet();
    assertEquals(log, ["connected transport", "closed"]);
  });

  test("says so when the connection is lost for good", async () => {
    const seen: Status[] = [];
    const { client, peer } = await connected({}, { onStatus: (status) => seen.push(status) });
    peer.cut();
    await assertRejects(() => client.read("/a"), ConnectionError);
    await quiet();
    assertEquals(seen.map(({ type }) => type), ["connected", "disconnected", "closed"]);
    const [, disconnected, closed] = seen;
    assert(disconnected?.type === "disconnected" && closed?.type === "closed");
    assertEquals(disconnected.error.code, "ECONNRESET");
    assertEquals(closed.error, disconnected.error);
    await client.close();
    await quiet();
    assertEquals(seen.length, 3);
  });
});

function assertFails(): never {
  throw new Error("opened too often");
}
