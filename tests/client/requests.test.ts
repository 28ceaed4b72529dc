// The bytes of every request that a client and a transaction can make, and what becomes of its reply.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import type { Client } from "../../src/client/client.ts";
import type { NodeOperations } from "../../src/client/nodes.ts";
import { Operation } from "../../src/wire/operations.ts";
import { bytes } from "../support/bytes.ts";
import { connected } from "../support/peer.ts";

interface Row<S> {
  /** What is called. */
  readonly call: (store: S) => Promise<unknown>;
  /** What must be sent. */
  readonly sends: string;
  /** The reply's payload. */
  readonly reply: string;
  /** What the call must resolve with. */
  readonly gives: unknown;
}

function row<S>(sends: string, reply: string, gives: unknown, call: (store: S) => Promise<unknown>): Row<S> {
  return { sends, reply, gives, call };
}

const longest = new Uint8Array(4093).fill(0x78);
const r5 = { domid: 5, read: true, write: false };
const n0 = { domid: 0, read: false, write: false };

const onNodes: Row<NodeOperations>[] = [
  row("READ /a|", "v|w", bytes("v|w"), (store) => store.read("/a")),
  row("READ /a|", "", bytes(""), (store) => store.read("/a")),
  row("READ rel/path|", "v", bytes("v"), (store) => store.read("rel/path")),
  row("READ /a|", "v", bytes("v"), (store) => store.read(bytes("/a"))),
  row("READ /a|", "v", bytes("v"), (store) => store.read("/a", { default: null })),
  row("READ /a|", "\xc3\xa9|", "é\0", (store) => store.readText("/a")),
  row("READ /a|", "", "", (store) => store.readText("/a", { default: 5 })),
  row("WRITE /a|", "OK|", undefined, (store) => store.write("/a", "")),
  row("WRITE /a|\xc3\xa9", "OK|", undefined, (store) => store.write("/a", "é")),
  row("WRITE /a|\xff||x", "OK|", undefined, (store) => store.write("/a", bytes("\xff||x"))),
  row("WRITE /a|b|", "OK|", undefined, (store) => store.write("/a", "b\0")),
  row(`WRITE /a|${"x".repeat(4093)}`, "OK|", undefined, (store) => store.write("/a", longest)),
  row("MKDIR /a/b|", "OK|", undefined, (store) => store.mkdir("/a/b")),
  row("MKDIR /|", "OK|", undefined, (store) => store.mkdir("/")),
  row("RM /a|", "OK|", undefined, (store) => store.delete("/a")),
  row("DIRECTORY /|", "", [], (store) => store.list("/")),
  row("DIRECTORY /a|", "b|c|a|", ["b", "c", "a"], (store) => store.list("/a")),
  row("READ /a|", "v", true, (store) => store.exists("/a")),
  row("GET_PERMS /a|", "n0|r5|", [n0, r5], (store) => store.getPerms("/a")),
  row("GET_PERMS @releaseDomain|", "n0|", [n0], (store) => store.getPerms("@releaseDomain")),
  row("GET_PERMS /a|", "b-1|", [{ domid: -1, read: true, write: true }], (store) => store.getPerms("/a")),
  row("SET_PERMS /a|n0|r5|", "OK|", undefined, (store) => store.setPerms("/a", [n0, r5])),
  row("SET_PERMS /a|w1|b2|n65535|", "OK|", undefined, (store) => store.setPerms("/a", ["w1", "b2", "n65535"])),
  row("SET_PERMS @introduceDomain|r5|", "OK|", undefined, (store) => store.setPerms("@introduceDomain", [r5])),
  row("READ /a|", "v", bytes("v"), (store) => store.execute(Operation.READ, ["/a"])),
  row("GET_DOMAIN_PATH 0|", "x|", bytes("x|"), (store) => store.execute(Operation.GET_DOMAIN_PATH, ["0"])),
  row("CONTROL ", "x", bytes("x"), (store) => store.execute(Operation.CONTROL, [])),
  row("WRITE é. //|a|b", "OK", bytes("OK"), (store) => store.execute(Operation.WRITE, [bytes("é. //|"), bytes("a|b")])),
];

const onClients: Row<Client>[] = [
  row("RESET_WATCHES |", "OK|", undefined, (client) => client.resetWatches()),
  row("GET_DOMAIN_PATH 5|", "/local/domain/5|", "/local/domain/5", (client) => client.getDomainPath(5)),
  row("GET_DOMAIN_PATH 65535|", "/x", "/x", (client) => client.getDomainPath(65535)),
  row("IS_DOMAIN_INTRODUCED 0|", "T|", true, (client) => client.isDomainIntroduced(0)),
  row("IS_DOMAIN_INTRODUCED 7|", "F|", false, (client) => client.isDomainIntroduced(7)),
  row("INTRODUCE 3|1048575|7|", "OK|", undefined, (client) => client.introduceDomain(3, 0xfffff, 7)),
  row(
    "INTRODUCE 3|18446744073709551615|4294967295|",
    "OK|",
    undefined,
    (client) => client.introduceDomain(3, 2n ** 64n - 1n, 0xffffffff),
  ),
  row("RELEASE 3|", "OK|", undefined, (client) => client.releaseDomain(3)),
  row("RESUME 3|", "OK|", undefined, (client) => client.resumeDomain(3)),
  row("SET_TARGET 3|0|", "OK|", undefined, (client) => client.setTarget(3, 0)),
  row("GET_FEATURE ", "14|", 14, (client) => client.getFeature()),
  row("GET_FEATURE 3|", "0|", 0, (client) => client.getFeature(3)),
  row("SET_FEATURE 3|4|", "OK|", undefined, (client) => client.setFeature(3, 4)),
  row("GET_QUOTA ", "nodes watches|", ["nodes", "watches"], (client) => client.getQuota()),
  row("GET_QUOTA ", "|", [], (client) => client.getQuota()),
  row("GET_QUOTA nodes|", "1000|", 1000, (client) => client.getQuota("nodes")),
  row("GET_QUOTA 0|nodes|", "1000|", 1000, (client) => client.getQuota("nodes", 0)),
  row("SET_QUOTA nodes|0|", "OK|", undefined, (client) => client.setQuota("nodes", 0)),
  row("SET_QUOTA 5|nodes|99|", "OK|", undefined, (client) => client.setQuota("nodes", 99, 5)),
  row("CONTROL quota|max|-r|", "all good\n|", "all good\n", (client) => client.control(["quota", "max", "-r"])),
  row("CONTROL print|é|", "", "", (client) => client.control(["print", "é"])),
  row("TRANSACTION_START |", "4294967295|", 4294967295, async (client) => (await client.transaction()).id),
];

/** A row's text has UTF-8 for what is beyond ASCII. */
const onWire = (text: string) => text.replaceAll("é", "\xc3\xa9");

describe("requests", () => {
  for (const { call, sends, reply, gives } of [...onNodes, ...onClients]) {
    const shown = sends.length > 60 ? `${sends.slice(0, 60)}...` : sends;

    test(`${JSON.stringify(shown)}, answered by ${JSON.stringify(reply)}`, async () => {
      const { client, peer } = await connected();
      const result = call(client);
      const request = await peer.next();
      assertEquals(request.text, sends.includes("é. ") ? sends : onWire(sends));
      assertEquals(request.transactionId, 0);
      request.reply(bytes(reply));
      assertEquals(await result, gives);
      assertEquals(peer.writes, 1);
      await client.close();
    });
  }

  for (const { call, sends, reply, gives } of onNodes) {
    const shown = sends.length > 60 ? `${sends.slice(0, 60)}...` : sends;

    test(`${JSON.stringify(shown)}, answered by ${JSON.stringify(reply)}, in a transaction`, async () => {
      const { client, peer } = await connected();
      const starting = client.transaction();
      (await peer.expect("TRANSACTION_START |")).reply("123");
      const transaction = await starting;
      const result = call(transaction);
      const request = await peer.next();
      assertEquals(request.text, sends);
      assertEquals(request.transactionId, 123);
      request.reply(bytes(reply));
      assertEquals(await result, gives);
      await client.close();
    });
  }
});
