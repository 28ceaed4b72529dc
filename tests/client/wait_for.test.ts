// waitFor(): what it reads and when, and how it ends.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionError } from "../../src/transport/errors.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { shown } from "../support/bytes.ts";
import { atOnce, connected, type Peer, quiet } from "../support/peer.ts";

/** A store with one node, which tells of each change; `log` is what was asked of it. */
class OneNode {
  readonly log: string[] = [];
  readonly #peer: Peer;
  #value: string | null = null;
  #token: string | null = null;

  constructor(peer: Peer) {
    this.#peer = peer;
    peer.serve((request) => {
      const [operation = ""] = request.text.split(" ");
      this.log.push(operation);
      if (operation === "GET_FEATURE") return request.error("ENOSYS");
      if (operation === "READ") {
        return this.#value === null ? request.error("ENOENT") : request.reply(bytes(this.#value));
      }
      request.ok();
      if (operation === "UNWATCH") this.#token = null;
      if (operation !== "WATCH") return;
      this.#token = request.strings[1] ?? "";
      peer.event("/a", this.#token);
    });
  }

  set(value: string | null): void {
    this.#value = value;
    if (this.#token !== null) this.#peer.event("/a", this.#token);
  }

  get isWatched(): boolean {
    return this.#token !== null;
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | null) => value === null ? null : shown(value);

describe("waitFor()", () => {
  test("resolves with the value that is there already", async () => {
    const { client, peer } = await connected();
    const node = new OneNode(peer);
    node.set("4");
    assertEquals(text(await client.waitFor("/a", (value) => text(value) === "4")), "4");
    assertEquals(node.log, ["GET_FEATURE", "WATCH", "READ", "UNWATCH"]);
  });

  test("asks its predicate at each change until it accepts, null for a node that is not there", async () => {
    const { client, peer } = await connected();
    const node = new OneNode(peer);
    const seen: (string | null)[] = [];
    const result = await client.waitFor("/a", (value) => {
      seen.push(text(value));
      if (seen.length < 4) node.set(["1", null, "3"][seen.length - 1] ?? null);
      return text(value) === "3";
    });
    assertEquals([text(result), seen], ["3", [null, "1", null, "3"]]);
    assertEquals(node.isWatched, false);
  });

  test("resolves with null if the predicate accepts null", async () => {
    const { client, peer } = await connected();
    const node = new OneNode(peer);
    node.set("here");
    const gone = client.waitFor("/a", (value) => {
      if (value !== null) node.set(null);
      return value === null;
    });
    assertEquals(await gone, null);
  });

  test("takes a predicate that takes its time", async () => {
    const { client, peer } = await connected();
    new OneNode(peer).set("x");
    assertEquals(text(await client.waitFor("/a", () => Promise.resolve(true))), "x");
  });

  test("fails with the predicate's error, and leaves no watch in the store", async () => {
    const { client, peer } = await connected();
    const node = new OneNode(peer);
    const failed = client.waitFor("/a", () => {
      throw new RangeError("my own");
    });
    await assertRejects(() => failed, RangeError, "my own");
    assertEquals(node.isWatched, false);
  });

  test("fails if the node may not be watched or read", async () => {
    const { client, peer } = await connected();
    for (const refused of ["WATCH", "READ"]) {
      peer.serve((request) => {
        if (request.text.startsWith("GET_FEATURE ")) return request.error("ENOSYS");
        if (request.path.endsWith("tsxs-no-node")) return request.error("ENOENT");
        if (request.text.startsWith(`${refused} `)) return request.error("EACCES");
        if (request.text.startsWith("WATCH ")) peer.event("/a", request.strings[1] ?? "");
        request.ok();
      });
      const error = await assertRejects(() => client.waitFor("/a", () => true), XenStoreError);
      assertEquals([error.code, error.operation, error.path], ["EACCES", refused, "/a"]);
    }
  });

  test("ends with the signal's reason, and leaves no watch in the store", async () => {
    const { client, peer } = await connected();
    const node = new OneNode(peer);
    const controller = new AbortController();
    const waiting = client.waitFor("/a", () => {
      controller.abort(new RangeError("enough"));
      return false;
    }, { signal: controller.signal });
    await assertRejects(() => waiting, RangeError, "enough");
    await quiet();
    assertEquals(node.isWatched, false);
  });

  test("does not begin if the signal is aborted already", async () => {
    const { client, peer } = await connected();
    const node = new OneNode(peer);
    const signal = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(() => client.waitFor("/a", () => true, { signal }), RangeError, "enough");
    assertEquals(node.log.filter((operation) => operation === "READ"), []);
    assertEquals(node.isWatched, false);
  });

  test("fails when the connection is lost", async () => {
    const { client, peer } = await connected();
    new OneNode(peer);
    await assertRejects(() => client.waitFor("/a", () => (peer.cut(), false)), ConnectionError, 'waitFor "/a": ');
  });

  test("fails when the client is closed", async () => {
    const { client, peer } = await connected();
    new OneNode(peer);
    await assertRejects(() => client.waitFor("/a", () => (void client.close(), false)), ConnectionError);
  });

  test("ends immediately with the signal's reason, even if the store is silent", async () => {
    const { client, peer } = await connected();
    new OneNode(peer);
    const controller = new AbortController();
    const waiting = client.waitFor("/a", () => {
      peer.serve(() => {});
      controller.abort(new RangeError("enough"));
      return false;
    }, { signal: controller.signal });
    await assertRejects(() => atOnce(waiting), RangeError, "enough");
  });

  test("waits no longer for its predicate than the signal says", async () => {
    const { client, peer } = await connected();
    new OneNode(peer);
    const controller = new AbortController();
    const { signal } = controller;
    const never =
      () => (queueMicrotask(() => controller.abort(new RangeError("enough"))), new Promise<boolean>(() => {}));
    await assertRejects(() => client.waitFor("/a", never, { signal }), RangeError, "enough");
  });
});
