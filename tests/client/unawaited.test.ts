// Requests of a transaction that its function does not await: when they count, and which error is reported.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { InvalidOperationError, InvalidPathError, XenStoreError } from "../../src/wire/errors.ts";
import type { Operation } from "../../src/wire/operations.ts";
import { timeout } from "../support/limits.ts";
import { connected, type Peer } from "../support/peer.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

/** Serves one transaction. A request about a path that ends with `/denied` fails, one with `/missing` is not there. */
function serve(peer: Peer): string[] {
  const log: string[] = [];
  peer.serve((request) => {
    log.push(request.text);
    if (request.text.startsWith("TRANSACTION_START")) return request.reply("1");
    if (request.path.endsWith("/denied")) return request.error("EACCES");
    if (request.path.endsWith("/missing")) return request.error("ENOENT");
    request.ok();
  });
  return log;
}

const committed = "TRANSACTION_END T|";
const rolledBack = "TRANSACTION_END F|";
const nothing = () => {};

describe("transact() with requests that its function does not await", () => {
  test("rolls back and rejects with the error of a write that is pending when the function ends", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    const body = (transaction: { write(path: string, value: string): Promise<void> }) => {
      void transaction.write("/denied", "v");
      return "done";
    };
    const error = await assertRejects(() => client.transact(body), XenStoreError);
    assertEquals([error.code, error.operation, error.path], ["EACCES", "WRITE", "/denied"]);
    assertEquals(log.at(-1), rolledBack);
  });

  test("rolls back and rejects with the error of a write that failed before the function ends", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    const failed = client.transact(async (transaction) => {
      void transaction.write("/denied", "v");
      await transaction.write("/a", "v");
    });
    await assertRejects(() => failed, XenStoreError, 'WRITE "/denied"');
    assertEquals(log.at(-1), rolledBack);
  });

  test("rejects with the error of each method that was not awaited", async () => {
    const methods = ["read", "readText", "mkdir", "delete", "list", "getPerms", "exists"] as const;
    for (const method of methods) {
      const { client, peer } = await connected();
      serve(peer);
      const failed = client.transact((transaction) => void transaction[method]("/denied"));
      await assertRejects(() => failed, XenStoreError, '"/denied"');
    }
    const { client, peer } = await connected();
    const log = serve(peer);
    await assertRejects(() => client.transact((transaction) => void transaction.read("no path")), InvalidPathError);
    const execute = client.transact((transaction) => void transaction.execute(99 as Operation, []));
    await assertRejects(() => execute, InvalidOperationError);
    const perms = client.transact((transaction) => void transaction.setPerms("/denied", ["n0"]));
    await assertRejects(() => perms, XenStoreError, '"/denied"');
    assertEquals(log.includes(committed), false);
  });

  test("commits after the requests that are pending and succeed, also those that follow from them", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    const copy = async (transaction: { read(path: string): Promise<unknown> }) => {
      await transaction.read("/a");
      await transaction.read("/b");
    };
    const result = await client.transact((transaction) => {
      void copy(transaction);
      void transaction.read("/c").then(() => transaction.write("/d", "v"));
      void transaction.read("/missing", { default: null });
      void transaction.exists("/missing");
      return 5;
    });
    assertEquals(result, 5);
    assertEquals(log.at(-1), committed);
    assertEquals(log.filter((line) => / \/[bd]\|/.test(line)).sort(), ["READ /b|", "WRITE /d|v"]);
  });

  test("commits after a walk that was not awaited, and what is done with its nodes", async () => {
    const { client, peer } = await connected();
    const log: string[] = [];
    peer.serve((request) => {
      log.push(request.text);
      if (request.text.startsWith("TRANSACTION_START")) return request.reply("1");
      if (request.text === "DIRECTORY /top|") return request.reply("a", "b");
      if (request.text.startsWith("DIRECTORY")) return request.reply();
      request.ok();
    });
    await client.transact((transaction) => {
      const mark = async () => {
        for await (const { path } of transaction.walk("/top")) await transaction.write(path, "v");
      };
      void mark();
    });
    const writes = ["WRITE /top|v", "WRITE /top/a|v", "WRITE /top/b|v"];
    assertEquals([log.filter((line) => line.startsWith("WRITE")), log.at(-1)], [writes, committed]);
  });

  test("rejects with the error of what follows from a request, and of a helper that was not awaited", async () => {
    const { client, peer } = await connected();
    serve(peer);
    const parsed = client.transact((transaction) => {
      void transaction.read("/a").then(() => {
        throw new RangeError("no number");
      });
    });
    await assertRejects(() => parsed, RangeError, "no number");
    const helped = client.transact((transaction) => {
      const help = async () => await transaction.write("/denied", "v");
      help().catch(nothing);
    });
    await assertRejects(() => helped, XenStoreError, '"/denied"');
  });

  test("commits if the function handles the error of a request", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    await client.transact(async (transaction) => {
      transaction.delete("/denied").catch(nothing);
      const early = transaction.write("/denied", "v");
      await transaction.read("/a");
      await early.catch(nothing);
      await Promise.allSettled([transaction.write("/denied", "v")]);
      transaction.delete("/denied").catch(nothing);
    });
    assertEquals(log.at(-1), committed);
  });

  test("rejects with what the function threw, if a request fails as well", async () => {
    const { client, peer } = await connected();
    serve(peer);
    const failed = client.transact((transaction) => {
      void transaction.write("/denied", "v");
      throw new RangeError("my own");
    });
    await assertRejects(() => failed, RangeError, "my own");
  });

  test("waits for pending requests no longer than the signal says", async () => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const failed = client.transact((transaction) => void transaction.read("/a"), { signal: controller.signal });
    (await peer.expect("TRANSACTION_START |")).reply("1");
    await peer.expect("READ /a|");
    controller.abort(new RangeError("enough"));
    await assertRejects(() => failed, RangeError, "enough");
  });

  test("leaves a walk that ended early alone", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    peer.serve((request) => {
      log.push(request.text);
      if (request.text.startsWith("TRANSACTION_START")) return request.reply("1");
      if (request.text.startsWith("TRANSACTION_END")) return request.ok();
      if (request.path !== "/") return request.error("EACCES");
      if (request.text.startsWith("DIRECTORY")) request.reply("a", "b");
      else request.ok();
    });
    await client.transact(async (transaction) => {
      for await (const _node of transaction.walk("/")) break;
    });
    assertEquals(log.at(-1), committed);
  });

  test("causes no unhandled rejection", { timeout }, async () => {
    const module = JSON.stringify(new URL("../../mod.ts", import.meta.url).href);
    const code = `
      import { connect } from ${module};
      const store = await connect("embedded:");
      const bodies = [
        (t) => void t.write("no path", "v"),
        async (t) => { void t.list("/missing"); await t.exists("/"); },
        async (t) => { void t.read("/missing"); await new Promise((resolve) => setTimeout(resolve, 0)); },
        (t) => { void t.readText("/missing").then(Number); throw new RangeError("my own"); },
        async (t) => { await t.rollback(); void t.rollback(); void t.commit(); },
        (t) => { void t.getPerms("/missing").finally(() => {}); },
      ];
      for (const body of bodies) console.log(await store.transact(body).catch((error) => error.name));
      await store.close();`;
    await inDirectory(async (directory) => {
      const file = join(directory, "program.mts");
      writeFileSync(file, code);
      const ended = await runCommand(commandOf(file));
      const names = ["InvalidPathError", "XenStoreError", "XenStoreError", "RangeError", "TransactionEndedError"];
      assertEquals([ended.code, ended.stderr], [0, ""]);
      assertEquals(ended.stdout.trim().split("\n"), [...names, "XenStoreError"]);
    });
  });
});
