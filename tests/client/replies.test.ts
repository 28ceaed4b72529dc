// Replies whose payload is not what the operation has, defaults for what does not exist, and errors from every method.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import { ConnectionError, UnexpectedPacketError } from "../../src/transport/errors.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { bytes } from "../support/bytes.ts";
import { connected } from "../support/peer.ts";

const malformed: [what: string, payload: string, call: (client: Client) => Promise<unknown>][] = [
  ["write", "", (client) => client.write("/a", "v")],
  ["write", "O", (client) => client.write("/a", "v")],
  ["write", "KO|", (client) => client.write("/a", "v")],
  ["write", "OKx", (client) => client.write("/a", "v")],
  ["write", "OK||", (client) => client.write("/a", "v")],
  ["mkdir", "ok|", (client) => client.mkdir("/a")],
  ["delete", "|", (client) => client.delete("/a")],
  ["setPerms", "n0|", (client) => client.setPerms("/a", ["n0"])],
  ["getPerms", "x0|", (client) => client.getPerms("/a")],
  ["getPerms", "n0|r|", (client) => client.getPerms("/a")],
  ["getPerms", "n0|r100000000000000000000|", (client) => client.getPerms("/a")],
  ["getPerms", "|", (client) => client.getPerms("/a")],
  ["isDomainIntroduced", "", (client) => client.isDomainIntroduced(1)],
  ["isDomainIntroduced", "TF|", (client) => client.isDomainIntroduced(1)],
  ["getFeature", "", (client) => client.getFeature()],
  ["getFeature", "0x0e|", (client) => client.getFeature()],
  ["getQuota", "-1|", (client) => client.getQuota("nodes")],
  ["getQuota", "1|2|", (client) => client.getQuota("nodes")],
  ["transaction", "", (client) => client.transaction()],
  ["transaction", "one|", (client) => client.transaction()],
  ["resetWatches", "T|", (client) => client.resetWatches()],
  ["introduceDomain", "F|", (client) => client.introduceDomain(1, 1, 1)],
];

const failing: [operation: string, path: string | undefined, call: (client: Client) => Promise<unknown>][] = [
  ["READ", "/a", (client) => client.read("/a")],
  ["READ", "/a", (client) => client.readText("/a")],
  ["READ", "/a", (client) => client.exists("/a")],
  ["WRITE", "/a", (client) => client.write("/a", "v")],
  ["MKDIR", "/a", (client) => client.mkdir("/a")],
  ["RM", "/a", (client) => client.delete("/a")],
  ["DIRECTORY", "/a", (client) => client.list("/a")],
  ["GET_PERMS", "@x", (client) => client.getPerms("@x")],
  ["SET_PERMS", "/a", (client) => client.setPerms("/a", ["n0"])],
  ["TRANSACTION_START", undefined, (client) => client.transaction()],
  ["RESET_WATCHES", undefined, (client) => client.resetWatches()],
  ["GET_DOMAIN_PATH", undefined, (client) => client.getDomainPath(1)],
  ["IS_DOMAIN_INTRODUCED", undefined, (client) => client.isDomainIntroduced(1)],
  ["INTRODUCE", undefined, (client) => client.introduceDomain(1, 1, 1)],
  ["RELEASE", undefined, (client) => client.releaseDomain(1)],
  ["RESUME", undefined, (client) => client.resumeDomain(1)],
  ["SET_TARGET", undefined, (client) => client.setTarget(1, 2)],
  ["GET_FEATURE", undefined, (client) => client.getFeature()],
  ["SET_FEATURE", undefined, (client) => client.setFeature(1, 2)],
  ["GET_QUOTA", undefined, (client) => client.getQuota()],
  ["SET_QUOTA", undefined, (client) => client.setQuota("nodes", 1)],
  ["CONTROL", undefined, (client) => client.control(["check"])],
];

describe("replies", () => {
  for (const [what, payload, call] of malformed) {
    test(`${what}() takes no ${JSON.stringify(payload)} for its reply`, async () => {
      const { client, peer } = await connected();
      const result = call(client);
      (await peer.next()).reply(bytes(payload));
      await assertRejects(() => result, UnexpectedPacketError, "expected");
      assertEquals(client.isConnected, false);
    });
  }

  test("OK counts without its NUL as well", async () => {
    const { client, peer } = await connected();
    const result = client.write("/a", "v");
    (await peer.next()).reply(bytes("OK"));
    await result;
  });

  for (const [operation, path, call] of failing) {
    test(`a failing ${operation} says so${path === undefined ? "" : ", and its path"}`, async () => {
      const { client, peer } = await connected();
      const result = call(client);
      (await peer.next()).error("EBUSY");
      const error = await assertRejects(() => result, XenStoreError, "Device or resource busy (EBUSY)");
      assertEquals([error.operation, error.path, error.code], [operation, path, "EBUSY"]);
      assertEquals(client.isConnected, true);
    });
  }

  test("read() gives the default only if the node does not exist", async () => {
    const { client, peer } = await connected();
    const results = [
      client.read("/a", { default: null }),
      client.readText("/b", { default: undefined }),
      client.exists("/c"),
    ];
    for (const request of await peer.take(3)) request.error("ENOENT");
    assertEquals(await Promise.all(results), [null, undefined, false]);

    const denied = [
      client.read("/a", { default: null }),
      client.readText("/b", { default: "" }),
      client.exists("/c"),
    ];
    for (const request of await peer.take(3)) request.error("EACCES");
    for (const request of await peer.take(3)) {
      assertEquals(request.text, "READ /tsxs-no-node|");
      request.error("ENOENT");
    }
    for (const result of denied) {
      assertEquals((await assertRejects(() => result, XenStoreError)).code, "EACCES");
    }
  });

  test("a node counts as missing if the store answers EACCES for a missing node beside it as well", async () => {
    const { client, peer } = await connected();
    const asked: string[] = [];
    peer.serve((request) => (asked.push(request.path), request.error("EACCES")));
    const longest = `/${"a".repeat(3069)}/`;
    for (const path of ["/a/b/c", "b/c", "c", longest + "c", "a".repeat(2048)]) {
      assertEquals(await client.read(path, { default: null }), null);
    }
    const beside = ["/a/b/tsxs-no-node", "b/tsxs-no-node", "tsxs-no-node"];
    assertEquals(asked.filter((path) => path.endsWith("tsxs-no-node")), [...beside, "tsxs-no-node"]);
    await assertRejects(() => client.exists("/"), XenStoreError, "EACCES");
  });

  test("a read with a default fails if the look beside the node fails, or is aborted", async () => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const aborted = client.read("/a/b", { default: null, signal: controller.signal });
    (await peer.expect("READ /a/b|")).error("EACCES");
    await peer.expect("READ /a/tsxs-no-node|");
    controller.abort(new RangeError("enough"));
    await assertRejects(() => aborted, RangeError, "enough");
    const lost = client.exists("/a/b");
    (await peer.expect("READ /a/b|")).error("EACCES");
    await peer.expect("READ /a/tsxs-no-node|");
    peer.cut();
    await assertRejects(() => lost, ConnectionError);
  });

  test("readText() fails with EILSEQ if the value is not UTF-8, and the connection goes on", async () => {
    const { client, peer } = await connected();
    const result = client.readText("/a");
    (await peer.next()).reply(new Uint8Array([0xff]));
    const error = await assertRejects(() => result, XenStoreError, 'READ "/a": not UTF-8');
    assertEquals([error.code, client.isConnected], ["EILSEQ", true]);
  });

  test("a value belongs to its reader", async () => {
    const { client, peer } = await connected();
    const reading = client.read("/a");
    (await peer.next()).reply(bytes("value"));
    const value = await reading;
    assertEquals([value.byteOffset, value.buffer.byteLength], [0, 5]);
  });
});
