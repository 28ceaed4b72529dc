// Arguments that no store would accept: they fail by themselves, say what is wrong, and nothing of them is sent.

import { describe, test } from "node:test";
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import {
  InvalidOperationError,
  InvalidPathError,
  InvalidPayloadError,
  InvalidPermissionError,
  XenStoreError,
} from "../../src/wire/errors.ts";
import { connected } from "../support/peer.ts";

type Call = (client: Client) => Promise<unknown>;

const wrongPaths: [operation: string, call: (client: Client, path: string) => Promise<unknown>][] = [
  ["READ", (client, path) => client.read(path)],
  ["READ", (client, path) => client.read(path, { default: null })],
  ["READ", (client, path) => client.readText(path)],
  ["READ", (client, path) => client.exists(path)],
  ["WRITE", (client, path) => client.write(path, "v")],
  ["MKDIR", (client, path) => client.mkdir(path)],
  ["RM", (client, path) => client.delete(path)],
  ["DIRECTORY", (client, path) => client.list(path)],
  ["GET_PERMS", (client, path) => client.getPerms(path)],
  ["SET_PERMS", (client, path) => client.setPerms(path, ["n0"])],
  ["READ", (client, path) => client.walk(path).next()],
  ["WATCH", (client, path) => client.monitor().watch(path)],
  ["UNWATCH", (client, path) => client.monitor().unwatch(path, "t")],
  ["WATCH", (client, path) => client.waitFor(path, () => true)],
];
const special = new Set(["GET_PERMS", "SET_PERMS", "WATCH", "UNWATCH"]);

const invalid: [what: string, type: { readonly name: string }, code: string, text: RegExp, call: Call][] = [
  ["no permissions", InvalidPermissionError, "EINVAL", /SET_PERMS "\/a".*owner/, (c) => c.setPerms("/a", [])],
  ["a wrong letter", InvalidPermissionError, "EINVAL", /SET_PERMS "\/a".*"x0"/, (c) => c.setPerms("/a", ["n0", "x0"])],
  ["a large domid", InvalidPermissionError, "EINVAL", /SET_PERMS "\/a".*65536/, (c) => c.setPerms("/a", ["n65536"])],
  [
    "a domid that is no number",
    InvalidPermissionError,
    "EINVAL",
    /SET_PERMS "\/a".*1\.5/,
    (c) => c.setPerms("/a", [{ domid: 1.5, read: true, write: true }]),
  ],
  [
    "a permission that is null",
    InvalidPermissionError,
    "EINVAL",
    /SET_PERMS "\/a".*null/,
    (c) => c.setPerms("/a", [null as never]),
  ],
  [
    "permissions that are no list",
    InvalidPermissionError,
    "EINVAL",
    /SET_PERMS "\/a".*string/,
    (c) => c.setPerms("/a", "n0" as never),
  ],
  [
    "a permission that is not there",
    InvalidPermissionError,
    "EINVAL",
    /SET_PERMS "\/a".*undefined/,
    (c) => c.setPerms("/a", [undefined as never]),
  ],
  ["a command that is no list", InvalidPayloadError, "EINVAL", /CONTROL.*string/, (c) => c.control("quota" as never)],
  [
    "a command's word that is not a text",
    InvalidPayloadError,
    "EINVAL",
    /CONTROL.*number/,
    (c) => c.control([5 as never]),
  ],
  ["a value too long", InvalidPayloadError, "E2BIG", /WRITE "\/a".*4097/, (c) => c.write("/a", "x".repeat(4094))],
  ["a NUL in a command", InvalidPayloadError, "EINVAL", /CONTROL.*NUL/, (c) => c.control(["log", "o\0n"])],
  ["a NUL in a quota", InvalidPayloadError, "EINVAL", /GET_QUOTA.*NUL/, (c) => c.getQuota("a\0")],
  ["a NUL in a quota to set", InvalidPayloadError, "EINVAL", /SET_QUOTA.*NUL/, (c) => c.setQuota("a\0", 1)],
  ["a NUL in a token", InvalidPayloadError, "EINVAL", /WATCH "\/a".*NUL/, (c) => c.monitor().watch("/a", "t\0")],
  [
    "a token that is a number",
    InvalidPayloadError,
    "EINVAL",
    /WATCH "\/a".*token/,
    (c) => c.monitor().watch("/a", 5 as never),
  ],
  ["an event as operation", InvalidOperationError, "EINVAL", /15/, (c) => c.execute(15, [])],
  ["an error as operation", InvalidOperationError, "EINVAL", /16/, (c) => c.execute(16, [])],
  ["an unknown operation", InvalidOperationError, "EINVAL", /20/, (c) => c.execute(20 as never, [])],
  ["a name as operation", InvalidOperationError, "EINVAL", /READ/, (c) => c.execute("READ" as never, [])],
];

const ofRange: [text: string, call: Call][] = [
  ["domid is -1", (client) => client.getDomainPath(-1)],
  ["domid is 65536", (client) => client.getDomainPath(65536)],
  ["domid is 1.5", (client) => client.isDomainIntroduced(1.5)],
  ["domid is NaN", (client) => client.releaseDomain(NaN)],
  ["domid is Infinity", (client) => client.resumeDomain(Infinity)],
  ["domid is 0: expected a whole number from 1", (client) => client.introduceDomain(0, 1, 1)],
  ["gfn is -1", (client) => client.introduceDomain(1, -1, 1)],
  ["gfn is 9007199254740992", (client) => client.introduceDomain(1, 2 ** 53, 1)],
  ["gfn is 18446744073709551616", (client) => client.introduceDomain(1, 2n ** 64n, 1)],
  ["event channel is 0", (client) => client.introduceDomain(1, 1, 0)],
  ["event channel is 4294967296", (client) => client.introduceDomain(1, 1, 2 ** 32)],
  ["domid is 65536", (client) => client.setTarget(1, 65536)],
  ["features is -1", (client) => client.setFeature(1, -1)],
  ["quota is -1", (client) => client.setQuota("nodes", -1)],
  ["quota is 4294967295", (client) => client.setQuota("nodes", 0xffffffff)],
  ["depth is -1", (client) => client.monitor().watch("/a", "t", { depth: -1 })],
  ["depth is 0.5", (client) => client.monitor().watch("/a", "t", { depth: 0.5 })],
  ["maxDepth is -1", (client) => client.walk("/", { maxDepth: -1 }).next()],
  ["maxNodes is 0", (client) => client.walk("/", { maxNodes: 0 }).next()],
  ["maxNodes is 1.5", (client) => client.walk("/", { maxNodes: 1.5 }).next()],
  ["attempts is 0", (client) => client.transact(() => {}, { attempts: 0 })],
  ["attempts is NaN", (client) => client.transact(() => {}, { attempts: NaN })],
];

const ofType: [what: string, call: Call][] = [
  ["a path that is null", (client) => client.read(null as never)],
  ["a path that is not there", (client) => client.list(undefined as never)],
  ["a path that is a number", (client) => client.mkdir(5 as never)],
  ["a path that is an object", (client) => client.exists({} as never)],
  ["a value that is null", (client) => client.write("/a", null as never)],
  ["a value that is not there", (client) => client.write("/a", undefined as never)],
  ["a value that is a number", (client) => client.write("/a", 5 as never)],
  ["a value that is an ArrayBuffer", (client) => client.write("/a", new ArrayBuffer(4) as never)],
];

/** Fails unless nothing was sent up to now. */
async function nothingSent(client: Client, peer: { expect(text: string): Promise<unknown>; writes: number }) {
  void client.read("/sentinel").catch(() => {});
  await peer.expect("READ /sentinel|");
  assertEquals(peer.writes, 1);
}

describe("arguments", () => {
  for (const [operation, call] of wrongPaths) {
    for (const path of ["", "/a/", "/a//b", "/a\0", "/a b", "/é", ...special.has(operation) ? [] : ["@x"]]) {
      test(`${call.toString().replace(/^.*=> /, "")} fails for ${JSON.stringify(path)}`, async () => {
        const { client, peer } = await connected();
        const error = await assertRejects(() => call(client, path), InvalidPathError);
        assertEquals([error.code, error.operation, error.path], ["EINVAL", operation, path]);
        await nothingSent(client, peer);
      });
    }
  }

  for (const [what, type, code, text, call] of invalid) {
    test(`${what} fails with ${code}`, async () => {
      const { client, peer } = await connected();
      const error = await assertRejects(() => call(client), XenStoreError);
      assertMatch(error.message, text);
      assertEquals([error.name, error.code], [type.name, code]);
      await nothingSent(client, peer);
    });
  }

  for (const [text, call] of ofRange) {
    test(`a range is kept: ${text}`, async () => {
      const { client, peer } = await connected();
      await assertRejects(() => call(client), RangeError, text);
      await nothingSent(client, peer);
    });
  }

  for (const [what, call] of ofType) {
    test(`${what} fails with a TypeError that names the operation`, async () => {
      const { client, peer } = await connected();
      assertMatch((await assertRejects(() => call(client), TypeError)).message, /^([A-Z]+|WRITE "\/a"): a/);
      await nothingSent(client, peer);
    });
  }

  for (const limit of [0, -1, 1.5, NaN]) {
    test(`monitor() throws a RangeError for a limit of ${limit}`, async () => {
      const { client } = await connected();
      assertThrows(() => client.monitor({ limit }), RangeError, `limit is ${limit}`);
    });
  }
});
