// waitFor() when the connection is lost: at each of its requests, with a client that reconnects and one that does not.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { ConnectionError, UnexpectedPacketError } from "../../src/transport/errors.ts";
import { shown } from "../support/bytes.ts";
import { Peer } from "../support/peer.ts";

/** A store whose node has this value, and which breaks the connection at the first request of an operation. */
function storeOf(value: string, breaksAt?: string, broken = (peer: Peer) => peer.cut()): Peer {
  const peer = new Peer();
  peer.serve((request) => {
    const [operation = ""] = request.text.split(" ");
    if (operation === breaksAt) return broken(peer);
    if (operation === "GET_FEATURE") return request.error("ENOSYS");
    if (operation === "READ") return request.reply(new TextEncoder().encode(value));
    request.ok();
    if (operation === "WATCH") peer.event("/a", request.strings[1] ?? "");
  });
  return peer;
}

/** Connects to each of these stores in turn, the next when the connection is lost. */
async function connectTo(...peers: Peer[]): Promise<Client> {
  const next = (): Peer["transport"] => {
    const peer = peers.shift();
    if (peer === undefined) throw new Error("no store is left");
    return peer.transport;
  };
  return await connect(next, { reconnect: { attempts: 3, backoff: { initial: 0, max: 0 } } });
}

const text = (value: Uint8Array | null) => value === null ? null : shown(value);
const isReady = (value: Uint8Array | null) => text(value) === "ready";

describe("waitFor() of a client that reconnects", () => {
  for (const operation of ["GET_FEATURE", "WATCH", "READ"]) {
    test(`goes on if the connection is lost during its ${operation}, each time`, async () => {
      const client = await connectTo(storeOf("old", operation), storeOf("old", operation), storeOf("ready"));
      assertEquals(text(await client.waitFor("/a", isReady)), "ready");
    });
  }

  test("goes on if the connection is lost while it is idle", async () => {
    const old = storeOf("old");
    const client = await connectTo(old, storeOf("ready"));
    const value = await client.waitFor("/a", (found) => {
      if (isReady(found)) return true;
      old.cut();
      return false;
    });
    assertEquals(text(value), "ready");
  });

  test("starts while the client has no connection", async () => {
    const old = storeOf("old", "READ");
    const client = await connectTo(old, storeOf("ready"));
    await assertRejects(() => client.read("/b"), ConnectionError);
    assertEquals(client.isConnected, false);
    assertEquals(text(await client.waitFor("/a", isReady)), "ready");
  });

  test("resolves if the connection is lost during its UNWATCH", async () => {
    const client = await connectTo(storeOf("ready", "UNWATCH"), storeOf("other"));
    assertEquals(text(await client.waitFor("/a", isReady)), "ready");
  });

  for (const operation of ["GET_FEATURE", "WATCH", "READ"]) {
    test(`rejects if the client gives up after the connection is lost during its ${operation}`, async () => {
      const client = await connectTo(storeOf("old", operation));
      await assertRejects(() => client.waitFor("/a", isReady), ConnectionError, 'waitFor "/a": ');
    });
  }
});

describe("waitFor() of a client that does not reconnect", () => {
  for (const operation of ["GET_FEATURE", "WATCH", "READ"]) {
    test(`rejects if the connection is lost during its ${operation}`, async () => {
      const client = await connect(storeOf("old", operation).transport);
      await assertRejects(() => client.waitFor("/a", isReady), ConnectionError, 'waitFor "/a": ');
    });

    test(`rejects with an UnexpectedPacketError if the reply to its ${operation} is invalid`, async () => {
      const garbage = (peer: Peer) => peer.send(new Uint8Array(16).fill(255));
      const client = await connect(storeOf("old", operation, garbage).transport);
      await assertRejects(() => client.waitFor("/a", isReady), UnexpectedPacketError, 'waitFor "/a": ');
    });
  }
});
