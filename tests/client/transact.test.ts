// transact(): how often its function runs, on what, and how it ends.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { ConflictError, TransactionEndedError } from "../../src/client/errors.ts";
import type { Transaction } from "../../src/client/transaction.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { connected, type Peer, quiet } from "../support/peer.ts";

const noPause = { initial: 0, max: 0 };

/** Serves transactions, numbered from 1; `ends` are the answers to their ends, OK when there are no more. */
function serve(peer: Peer, ...ends: string[]): string[] {
  const log: string[] = [];
  let started = 0;
  peer.serve((request) => {
    log.push(`${request.text} ${request.transactionId}`);
    if (request.text.startsWith("TRANSACTION_START")) return request.reply(`${++started}`);
    if (!request.text.startsWith("TRANSACTION_END T")) return request.ok();
    const end = ends.shift() ?? "OK";
    if (end === "OK") request.ok();
    else request.error(end);
  });
  return log;
}

describe("transact()", () => {
  test("commits, and resolves with what its function returned", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    const result = await client.transact(async (transaction, attempt) => {
      await transaction.write("/a", "v");
      return `attempt ${attempt}`;
    });
    assertEquals(result, "attempt 1");
    assertEquals(log, ["TRANSACTION_START | 0", "WRITE /a|v 1", "TRANSACTION_END T| 1"]);
  });

  test("takes a function that is not asynchronous", async () => {
    const { client, peer } = await connected();
    serve(peer);
    assertEquals(await client.transact(() => 5), 5);
  });

  test("runs its function again in a new transaction after a conflict", async () => {
    const { client, peer } = await connected();
    const log = serve(peer, "EAGAIN", "EAGAIN");
    const seen: number[][] = [];
    const body = (transaction: { id: number }, attempt: number) => void seen.push([transaction.id, attempt]);
    await client.transact(body, { backoff: noPause });
    assertEquals(seen, [[1, 1], [2, 2], [3, 3]]);
    assertEquals(log.filter((line) => line.includes("END")).length, 3);
  });

  test("fails with a ConflictError after the last attempt", async () => {
    for (const [attempts, expected] of [[undefined, 20], [1, 1], [3, 3]] as const) {
      const { client, peer } = await connected();
      const log = serve(peer, ...new Array<string>(30).fill("EAGAIN"));
      const options = { backoff: noPause, ...(attempts === undefined ? {} : { attempts }) };
      const error = await assertRejects(
        () => client.transact(() => {}, options),
        ConflictError,
        `${expected} attempts`,
      );
      assertEquals([error.attempts, error.code, error.operation], [expected, "EAGAIN", "transact"]);
      assertEquals(log.length, expected * 2);
    }
  });

  test("rolls back, and fails with what its function threw", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    const body = () => {
      throw new RangeError("my own");
    };
    await assertRejects(() => client.transact(body), RangeError, "my own");
    assertEquals(log.at(-1), "TRANSACTION_END F| 1");
    await assertRejects(() => client.transact(() => Promise.reject(new TypeError("later"))), TypeError, "later");
    assertEquals(log.at(-1), "TRANSACTION_END F| 2");
  });

  test("runs its function again if the store refuses a request as it does a commit after a conflict", async () => {
    const { client, peer } = await connected();
    const log: string[] = [];
    let refusals = 2;
    peer.serve((request) => {
      log.push(request.text);
      if (request.text.startsWith("TRANSACTION_START")) return request.reply("1");
      if (request.text === "READ /a|" && refusals-- > 0) return request.error("EAGAIN");
      request.ok();
    });
    const attempts: number[] = [];
    await client.transact(async (transaction, attempt) => {
      attempts.push(attempt);
      await transaction.read("/a");
    }, { backoff: noPause });
    assertEquals(attempts, [1, 2, 3]);
    assertEquals(log.filter((line) => line.includes("END")).map((line) => line.at(16)), ["F", "F", "T"]);
    refusals = Infinity;
    const refused = () => client.transact((t) => void t.read("/a"), { backoff: noPause, attempts: 3 });
    await assertRejects(refused, ConflictError, "3 attempts");
  });

  test("runs its function again if the store refuses the top of a walk", async () => {
    const { client, peer } = await connected();
    for (const operation of ["READ", "DIRECTORY"]) {
      let refusals = 2;
      peer.serve((request) => {
        if (request.text === "TRANSACTION_START |") return request.reply("7");
        if (request.text === `${operation} /a|` && refusals-- > 0) return request.error("EAGAIN");
        request.text === "DIRECTORY /a|" ? request.reply() : request.ok();
      });
      const visit = async (t: Transaction, attempt: number) => {
        const seen: [number, string][] = [];
        for await (const { path } of t.walk("/a")) seen.push([attempt, path]);
        return seen;
      };
      assertEquals(await client.transact(visit, { backoff: noPause }), [[3, "/a"]]);
    }
  });

  test("does not run again what threw an EAGAIN of its own", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    const body = () => Promise.reject(new XenStoreError("EAGAIN", "of the body"));
    await assertRejects(() => client.transact(body), XenStoreError, "of the body");
    assertEquals(log.length, 2);
  });

  test("fails with what its function threw, whatever becomes of the roll-back", async () => {
    const { client, peer } = await connected();
    peer.serve((request) => request.text.startsWith("TRANSACTION_START") ? request.reply("1") : request.error("EIO"));
    await assertRejects(() => client.transact(() => Promise.reject(new RangeError("my own"))), RangeError, "my own");
  });

  for (const verdict of ["commit", "rollback"] as const) {
    test(`leaves alone what its function ended itself by ${verdict}()`, async () => {
      const { client, peer } = await connected();
      const log = serve(peer, "EAGAIN");
      const result = await client.transact(async (transaction) => await transaction[verdict]());
      assertEquals(result, verdict === "commit" ? false : undefined);
      assertEquals(log.length, 2);
    });
  }

  test("fails as the start and the commit fail", async () => {
    const { client, peer } = await connected();
    peer.serve((request) => request.error("EIO"));
    const refused = await assertRejects(() => client.transact(() => {}), XenStoreError);
    assertEquals([refused.code, refused.operation], ["EIO", "TRANSACTION_START"]);
    serve(peer, "ENOMEM");
    const failed = await assertRejects(() => client.transact(() => {}), XenStoreError);
    assertEquals([failed.code, failed.operation], ["ENOMEM", "TRANSACTION_END"]);
  });

  for (const code of ["ENOSPC", "EQUOTA"]) {
    test(`tries again if too many transactions are open: ${code} of the start`, async () => {
      const { client, peer } = await connected();
      const log: string[] = [];
      let full = 2;
      peer.serve((request) => {
        log.push(request.text);
        if (!request.text.startsWith("TRANSACTION_START")) return request.ok();
        if (full-- > 0) request.error(code);
        else request.reply("7");
      });
      const attempts: number[] = [];
      await client.transact((_, attempt) => void attempts.push(attempt), { backoff: noPause });
      assertEquals([attempts, log], [[3], [...new Array(3).fill("TRANSACTION_START |"), "TRANSACTION_END T|"]]);
    });

    test(`rejects with ${code} if too many transactions are open at every attempt`, async () => {
      const { client, peer } = await connected();
      let starts = 0;
      peer.serve((request) => (starts++, request.error(code)));
      const failed = client.transact(() => {}, { attempts: 3, backoff: noPause });
      const error = await assertRejects(() => failed, XenStoreError);
      assertEquals([error.code, error.operation, starts], [code, "TRANSACTION_START", 3]);
    });
  }

  test("does not try again after ENOSPC of a write", async () => {
    const { client, peer } = await connected();
    const log: string[] = [];
    peer.serve((request) => {
      log.push(request.text);
      if (request.text.startsWith("TRANSACTION_START")) return request.reply("1");
      if (request.text.startsWith("WRITE")) return request.error("ENOSPC");
      request.ok();
    });
    const failed = client.transact((transaction) => transaction.write("/a", "v"));
    await assertRejects(() => failed, XenStoreError, "ENOSPC");
    assertEquals(log.filter((line) => line.startsWith("TRANSACTION_START")).length, 1);
  });

  test("is aborted during a pause", async () => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const log = serve(peer, ...new Array<string>(20).fill("EAGAIN"));
    let ran = 0;
    const body = () => {
      // All that leads to the pause happens before this turn ends; the pause itself takes hours.
      if (++ran === 1) void quiet().then(() => controller.abort(new RangeError("enough")));
    };
    const backoff = { initial: 1e8, max: 1e8 };
    await assertRejects(() => client.transact(body, { signal: controller.signal, backoff }), RangeError, "enough");
    assertEquals([ran, log.length], [1, 2]);
  });

  test("is aborted while the store says nothing", async () => {
    const { client, peer } = await connected();
    const controller = new AbortController();
    const starting = client.transact(() => {}, { signal: controller.signal });
    await peer.expect("TRANSACTION_START |");
    controller.abort(new RangeError("enough"));
    await assertRejects(() => starting, RangeError, "enough");
  });

  test("does not begin if the signal is aborted already", async () => {
    const { client, peer } = await connected();
    const signal = AbortSignal.abort(new RangeError("enough"));
    await assertRejects(() => client.transact(() => {}, { signal }), RangeError, "enough");
    assertEquals(peer.writes, 0);
  });

  test("ends with a ConnectionError when the connection is lost", async () => {
    const { client, peer } = await connected();
    peer.serve((request) => request.text.startsWith("TRANSACTION_START") ? request.reply("1") : peer.cut());
    await assertRejects(() => client.transact((transaction) => transaction.read("/a")), ConnectionError);
    await assertRejects(() => client.transact(() => {}), ConnectionError);
  });

  test("rolls back if the signal is aborted while its function runs", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    const controller = new AbortController();
    const failed = client.transact(() => controller.abort(new RangeError("enough")), { signal: controller.signal });
    await assertRejects(() => failed, RangeError, "enough");
    await quiet();
    assertEquals(log, ["TRANSACTION_START | 0", "TRANSACTION_END F| 1"]);
  });

  test("waits no longer for its function than the signal says", async () => {
    const { client, peer } = await connected();
    const log = serve(peer);
    const controller = new AbortController();
    const started = new Promise<void>((resolve) => {
      const never = () => (resolve(), new Promise(() => {}));
      void client.transact(never, { signal: controller.signal }).catch((reason) => log.push(`${reason}`));
    });
    await started;
    controller.abort("enough");
    await quiet();
    assertEquals(log, ["TRANSACTION_START | 0", "TRANSACTION_END F| 1", "enough"]);
  });

  test("does not take a transaction that the store dropped for one that was ended", async () => {
    const { client, peer } = await connected();
    serve(peer);
    await assertRejects(() => client.transact(() => client.resetWatches()), TransactionEndedError);
  });

  test("rejects invalid pauses", async () => {
    const { client } = await connected();
    for (const backoff of [{ initial: -1 }, { max: NaN }]) {
      await assertRejects(() => client.transact(() => {}, { backoff }), RangeError, "backoff.");
    }
  });
});
