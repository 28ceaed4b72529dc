// Lists of any length: in one reply, in parts of one generation, and from the start after a change.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { UnexpectedPacketError } from "../../src/transport/errors.ts";
import { LISTING_MAX } from "../../src/wire/decoder.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { bytes } from "../support/bytes.ts";
import { connected, type Handler } from "../support/peer.ts";

/** A store whose directory is too long for one reply; `generation` is asked for at each piece. */
function inPieces(names: readonly string[], generation: () => number, sizes: number[] = []): Handler {
  const all = names.map((name) => `${name}|`).join("");
  return (request) => {
    if (request.text.startsWith("DIRECTORY ")) return request.error("E2BIG");
    const offset = Number(request.strings[1]);
    const head = `${generation()}|`;
    const room = 4096 - head.length;
    const rest = all.slice(offset);
    const whole = rest.length < room ? rest : rest.slice(0, rest.lastIndexOf("|", room - 1) + 1);
    const payload = `${head}${whole}${offset + whole.length >= all.length ? "|" : ""}`;
    sizes.push(payload.length);
    request.reply(bytes(payload));
  };
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `child-${i}`);

describe("list()", () => {
  test("requests parts if one reply is too small, each from the end of the last one", async () => {
    const { client, peer } = await connected();
    const listing = client.list("/a");
    (await peer.expect("DIRECTORY /a|")).error("E2BIG");
    (await peer.expect("DIRECTORY_PART /a|0|")).reply(bytes("4755|one|two|"));
    (await peer.expect("DIRECTORY_PART /a|8|")).reply(bytes("4755|three|"));
    (await peer.expect("DIRECTORY_PART /a|14|")).reply(bytes("4755|four||"));
    assertEquals(await listing, ["one", "two", "three", "four"]);
    assertEquals(peer.waiting, []);
  });

  test("takes a last piece that has no names", async () => {
    const { client, peer } = await connected();
    const listing = client.list("/a");
    (await peer.next()).error("E2BIG");
    (await peer.next()).reply(bytes("1|one|"));
    (await peer.expect("DIRECTORY_PART /a|4|")).reply(bytes("1||"));
    assertEquals(await listing, ["one"]);
  });

  test("is empty if the directory was emptied between two parts", async () => {
    const { client, peer } = await connected();
    const listing = client.list("/a");
    (await peer.next()).error("E2BIG");
    (await peer.next()).reply(bytes("1||"));
    assertEquals(await listing, []);
  });

  test("starts again if the directory changed between two parts", async () => {
    const { client, peer } = await connected();
    const listing = client.list("/a");
    (await peer.next()).error("E2BIG");
    (await peer.expect("DIRECTORY_PART /a|0|")).reply(bytes("1|one|two|"));
    (await peer.expect("DIRECTORY_PART /a|8|")).reply(bytes("2|three||"));
    (await peer.expect("DIRECTORY_PART /a|0|")).reply(bytes("3|uno|"));
    (await peer.expect("DIRECTORY_PART /a|4|")).reply(bytes("3|dos||"));
    assertEquals(await listing, ["uno", "dos"]);
  });

  test("compares generations as they are, beyond what a number holds", async () => {
    const { client, peer } = await connected();
    const listing = client.list("/a");
    (await peer.next()).error("E2BIG");
    (await peer.next()).reply(bytes("18446744073709551614|one|"));
    (await peer.next()).reply(bytes("18446744073709551615|two||"));
    (await peer.expect("DIRECTORY_PART /a|0|")).reply(bytes("18446744073709551615|uno||"));
    assertEquals(await listing, ["uno"]);
  });

  test("gives 100,000 children, in pieces of no more than 4096 bytes", async () => {
    const { client, peer } = await connected();
    const sizes: number[] = [];
    const names = numbered(100_000);
    peer.serve(inPieces(names, () => 7, sizes));
    assertEquals(await client.list("/a"), names);
    assertEquals(sizes.every((size) => size <= 4096), true);
    assertEquals(peer.writes, sizes.length + 1);
  });

  test("survives names that fill a piece to the last byte", async () => {
    for (let length = 4080; length < 4093; length++) {
      const { client, peer } = await connected();
      const names = ["x".repeat(length), "y", "z".repeat(length)];
      peer.serve(inPieces(names, () => 7));
      assertEquals(await client.list("/a"), names);
    }
  });

  test("gives up with EAGAIN when the directory changed in each of 64 attempts", async () => {
    const { client, peer } = await connected();
    const names = numbered(1000);
    const offsets: string[] = [];
    const serve = inPieces(names, () => offsets.length);
    peer.serve((request) => {
      if (request.text.startsWith("DIRECTORY_PART ")) offsets.push(request.strings[1] ?? "");
      serve(request);
    });
    const error = await assertRejects(() => client.list("/a"), XenStoreError, "64 attempts");
    assertEquals([error.code, error.operation, error.path], ["EAGAIN", "DIRECTORY", "/a"]);
    assertEquals(offsets.filter((offset) => offset === "0").length, 64);
  });

  test("rejects with E2BIG if the parts of the store do not end", async () => {
    const { client, peer } = await connected();
    const part = bytes(`1|${"x".repeat(4000)}|`);
    let parts = 0;
    peer.serve((request) => {
      if (request.text.startsWith("DIRECTORY ")) return request.error("E2BIG");
      parts++;
      request.reply(part);
    });
    const error = await assertRejects(() => client.list("/a"), XenStoreError, "longer than 16 MiB");
    assertEquals([error.code, error.operation, error.path], ["E2BIG", "DIRECTORY", "/a"]);
    assertEquals(parts, Math.floor(LISTING_MAX / 4001) + 1);
  });

  test("fails with E2BIG if the store does not know parts", async () => {
    const { client, peer } = await connected();
    const listing = client.list("/a");
    (await peer.next()).error("E2BIG");
    (await peer.next()).error("ENOSYS");
    const error = await assertRejects(() => listing, XenStoreError);
    assertEquals([error.code, error.operation, error.path], ["E2BIG", "DIRECTORY", "/a"]);
  });

  test("fails as a piece fails", async () => {
    const { client, peer } = await connected();
    const listing = client.list("/a");
    (await peer.next()).error("E2BIG");
    (await peer.next()).reply(bytes("1|one|"));
    (await peer.next()).error("ENOENT");
    const error = await assertRejects(() => listing, XenStoreError);
    assertEquals([error.code, error.operation, error.path], ["ENOENT", "DIRECTORY_PART", "/a"]);
  });

  for (const payload of ["", "1", "|", "|a||", "1|"]) {
    test(`takes no ${JSON.stringify(payload)} for a piece`, async () => {
      const { client, peer } = await connected();
      const listing = client.list("/a");
      (await peer.next()).error("E2BIG");
      (await peer.next()).reply(bytes(payload));
      await assertRejects(() => listing, UnexpectedPacketError, "expected");
    });
  }

  test("takes the oversize reply of a store without pieces", async () => {
    const { client, peer } = await connected();
    const names = numbered(100_000);
    const listing = client.list("/a");
    (await peer.next()).reply(bytes(names.map((name) => `${name}|`).join("")));
    assertEquals(await listing, names);
  });

  test("asks within its transaction, and for a relative path", async () => {
    const { client, peer } = await connected();
    const starting = client.transaction();
    (await peer.next()).reply("9");
    const listing = (await starting).list("device/vbd");
    (await peer.expect("DIRECTORY device/vbd|")).error("E2BIG");
    const part = await peer.expect("DIRECTORY_PART device/vbd|0|");
    assertEquals(part.transactionId, 9);
    part.reply(bytes("1|a||"));
    assertEquals(await listing, ["a"]);
  });

  test("ends between two pieces when it is aborted", async () => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const listing = client.list("/a", { signal: controller.signal });
    (await peer.next()).error("E2BIG");
    const part = await peer.next();
    controller.abort(new RangeError("enough"));
    await assertRejects(() => listing, RangeError, "enough");
    part.reply(bytes("1|a|"));
    const reading = client.read("/b");
    (await peer.expect("READ /b|")).reply();
    await reading;
  });
});
