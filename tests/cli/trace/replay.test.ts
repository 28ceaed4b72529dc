// `trace --replay`: the same answers, other answers, and traces that cannot be replayed.

import { describe, test } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { headLine, recordLine, type TraceRecord } from "../../../src/cli/trace/record.ts";
import { openStream } from "../../../src/cli/trace/open_stream.ts";
import type { ByteStream } from "../../../src/cli/trace/byte_stream.ts";
import { compareAnswers } from "../../../src/cli/trace/answers.ts";
import { connect } from "../../../src/client/client.ts";
import { Daemon } from "../../../src/daemon/mod.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { encodePacket } from "../../../src/wire/encoder.ts";
import { bytes, concat } from "../../support/bytes.ts";
import { type Ran, run } from "../../support/invocation.ts";
import { Peer } from "../../support/peer.ts";
import { inDirectory } from "../../support/socket.ts";
import { Traced } from "../../support/traced.ts";

/** Records what a function does with a store on a socket. Returns the trace. */
async function recorded(body: (path: string) => Promise<void>, prepare = (_: Daemon) => Promise.resolve()) {
  return await inDirectory(async (directory) => {
    await using daemon = new Daemon();
    await prepare(daemon);
    const { path } = await daemon.listen(`${directory}/store`);
    const traced = await Traced.start(`unix:${path}`, directory);
    await body(traced.path);
    return (await traced.stop()).stdout;
  });
}

/** Replays a trace against a store of this process. */
async function replayed(trace: string, daemon = new Daemon(), options: readonly string[] = []): Promise<Ran> {
  const files = new Map([["t", trace]]);
  const ran = await run(() => daemon.connect(), ["tsxs", "trace", ...options, "--replay", "t"], { files });
  await daemon.close();
  return ran;
}

const packet = (type: number, text: string, transactionId = 0) => ({
  type,
  requestId: 1,
  transactionId,
  payload: bytes(text),
});
const request = (type: number, text: string, id = 0): TraceRecord => ({
  time: 1,
  connection: 1,
  type: "request",
  packet: packet(type, text, id),
});
const reply = (type: number, text: string, id = 0): TraceRecord => ({
  time: 2,
  connection: 1,
  type: "reply",
  packet: packet(type, text, id),
  request: null,
});
const open: TraceRecord = { time: 0, connection: 1, type: "open" };
const traceOf = (...records: readonly TraceRecord[]): string =>
  [headLine("unix:/a", new Date(0)), ...[open, ...records].map(recordLine)].join("");

/** What several clients do: values of all bytes, transactions, events, lists, errors. */
async function work(path: string): Promise<void> {
  await using one = await connect(`unix:${path}`);
  await using two = await connect(`unix:${path}`);
  await using monitor = one.monitor();
  await monitor.watch("/tool/t", "token");
  await two.write("/tool/t/a", new Uint8Array([0, 255, 10]));
  await Promise.all([one, two].map((client, i) =>
    client.transact(async (transaction) => {
      await transaction.write(`/tool/t/${i}`, "in a transaction");
      assertEquals(await transaction.readText(`/tool/t/${i}`), "in a transaction");
    })
  ));
  assertEquals((await one.list("/tool/t")).length, 3);
  assertEquals(await two.exists("/tool/none"), false);
  await Promise.all(Array.from({ length: 50 }, () => one.read("/tool/t/a")));
  await one.delete("/tool/t");
  const events = monitor.wait();
  for (let seen = ""; seen !== "/tool/t/1";) {
    const { value } = await events.next();
    if (value?.type === "change") seen = value.path;
  }
}

describe("trace --replay", () => {
  test("a trace is answered equally by a store of the same state", async () => {
    const trace = await recorded(work);
    const { ending, stdout, stderr } = await replayed(trace);
    assertEquals([ending, stderr], [0, ""], stdout);
    assertMatch(
      stdout,
      /^replayed \d{2,} requests of 2 connections: 0 differences; not compared: .*the times of events\n$/,
    );
  });

  test("ids of transactions are replaced by those of the other store", async () => {
    const trace = await recorded(async (path) => {
      await using store = await connect(`unix:${path}`);
      await store.transact((transaction) => transaction.write("/tool/t", "1"));
    });
    const daemon = new Daemon();
    const keep = await connect(daemon.connect());
    for (let i = 0; i < 5; i++) await keep.transaction();
    const other = trace.replaceAll('"transactionId":1', '"transactionId":77').replaceAll(
      '"strings":["1"]',
      '"strings":["77"]',
    );
    const { ending, stdout } = await replayed(other, daemon);
    assertEquals(ending, 0, stdout);
    assertStringIncludes(stdout, "not compared: 1 transaction ids");
  });

  test("other answers are printed with the request and both answers, as text and as JSON", async () => {
    const trace = traceOf(request(Operation.READ, "/tool/a|"), reply(Operation.READ, "old\x1b"));
    const prepared = async () => {
      const daemon = new Daemon();
      await using store = await connect(daemon.connect());
      await store.write("/tool/a", "new");
      return daemon;
    };
    const text = await replayed(trace, await prepared());
    assertEquals(text.ending, 1);
    assertEquals(
      text.stdout,
      '2.000000 1 READ #1 "/tool/a": READ #1 = "old\\x1b" -> READ #1 = "new"\n' +
        "replayed 1 request of 1 connection: 1 difference\n",
    );
    const [line = "", summary = ""] = (await replayed(trace, await prepared(), ["--json"])).stdout.split("\n");
    const { request: asked, recorded: before, answered, ...rest } = JSON.parse(line);
    assertEquals([asked.operation, before.value, answered.value], ["READ", "old\x1b", "new"]);
    assertEquals(rest, { difference: "reply", time: 2, connection: 1 });
    assertEquals(JSON.parse(summary).differences, 1);
  });

  test("events are compared by how often they come", async () => {
    const event = (path: string): TraceRecord => ({
      time: 3,
      connection: 1,
      type: "event",
      packet: packet(Operation.WATCH_EVENT, `${path}|t|`),
    });
    const watch = [request(Operation.WATCH, "/tool|t|"), reply(Operation.WATCH, "OK|")];
    assertEquals((await replayed(traceOf(...watch, event("/tool")))).ending, 0);
    const { ending, stdout } = await replayed(traceOf(...watch, event("/tool/missing")));
    assertEquals(ending, 1);
    assertStringIncludes(stdout, '3.000000 1 event "/tool/missing" "t": 1 missing\n');
    assertStringIncludes(stdout, '3.000000 1 event "/tool" "t": 1 more\n');
  });

  test("the very bytes are sent, also those that are no message", async () => {
    const sent: Uint8Array[] = [];
    let end: () => void = () => {};
    const ended = new Promise<null>((resolve) => end = () => resolve(null));
    const stream: ByteStream = {
      read: () => ended,
      write: (chunk) => Promise.resolve(void sent.push(chunk.slice())),
      end: () => Promise.resolve(end()),
      close: () => end(),
    };
    const half = new Uint8Array([11, 0, 255]);
    const trace = traceOf(
      request(99, "x|y", 0xffffffff),
      { time: 1, connection: 1, type: "bytes", from: "client", bytes: half },
      { time: 2, connection: 1, type: "end", from: "client", error: null },
    );
    const files = new Map([["t", trace]]);
    const opened = () => Promise.resolve({ stream, address: "unix:/b" });
    const words = ["tsxs", "trace", "--replay", "t"];
    const { ending, stdout } = await run(() => new Daemon().connect(), words, { files, openStream: opened });
    assertEquals(ending, 0);
    assertEquals(concat(sent), concat([encodePacket(99, 1, 0xffffffff, [bytes("x|y")]), half]));
    assertStringIncludes(stdout, "1 requests without a recorded reply");
  });

  test("a connection that the store ends too early, and one that stays open, are differences", async () => {
    const peer = new Peer();
    const trace = traceOf(request(Operation.READ, "/a|"), reply(Operation.READ, "1"), request(Operation.READ, "/a|"));
    peer.serve(() => peer.cut());
    const files = new Map([["t", trace]]);
    const cut = await run(() => peer.transport, ["tsxs", "trace", "--replay", "t"], { files });
    assertEquals(cut.ending, 1);
    assertStringIncludes(cut.stdout, 'READ #1 "/a": READ #1 = "1" -> the connection ended\n');
    const end: TraceRecord = { time: 2, connection: 1, type: "end", from: "store", error: null };
    const daemon = new Daemon();
    const open = () => daemon.connect();
    const words = ["tsxs", "-t", "0.05", "trace", "--replay", "t"];
    const stays = await run(open, words, { files: new Map([["t", traceOf(end)]]) });
    assertEquals(stays.ending, 1);
    assertStringIncludes(stays.stdout, "end of the store: the connection stays open\n");
    await daemon.close();
  });

  test("a reply that does not come in time is a difference", async () => {
    const peer = new Peer();
    const trace = traceOf(request(Operation.READ, "/a|"), reply(Operation.READ, "1"));
    const setting = { files: new Map([["t", trace]]) };
    const { ending, stdout } = await run(
      () => peer.transport,
      ["tsxs", "-t", "0.05", "trace", "--replay", "t"],
      setting,
    );
    assertEquals(ending, 1);
    assertStringIncludes(stdout, "-> no reply came in time\n");
  });

  test("lists are compared without their order, and what stores choose is not compared", () => {
    const compare = (type: number, one: string, other: string) =>
      compareAnswers(packet(type, one), packet(type, other));
    assertEquals(compare(Operation.DIRECTORY, "a|b|", "b|a|"), "equal");
    assertEquals(compare(Operation.DIRECTORY, "a|b|", "a|c|"), "different");
    assertEquals(compare(Operation.DIRECTORY, "a|", "a|a|"), "different");
    assertEquals(compare(Operation.DIRECTORY_PART, "5|a|b||", "77|b|a||"), "equal");
    assertEquals(compare(Operation.DIRECTORY_PART, "5|a||", "5|b||"), "different");
    assertEquals(compare(Operation.DIRECTORY_PART, "5|a|b|", "5|a|b||"), "parts of lists");
    assertEquals(compare(Operation.TRANSACTION_START, "1|", "2|"), "transaction ids");
    assertEquals(compare(Operation.CONTROL, "OK|", "done|"), "answers to CONTROL");
    assertEquals(compare(Operation.ERROR, "EACCES|", "ENOENT|"), "different");
    assertEquals(compareAnswers(packet(Operation.READ, "a"), packet(Operation.ERROR, "a")), "different");
  });

  test("a trace that is invalid, in text, or missing is trouble", async () => {
    const valid = traceOf(request(Operation.READ, "/a|"));
    const faults: readonly (readonly [trace: string, message: RegExp])[] = [
      ["", /t is not a trace: it is empty/],
      ["trace of unix:/a from now\n", /t is not a trace: .*--json/],
      [`${valid}{"time":1}\n`, /cannot read t: line 4 is no record of a trace/],
      [valid.slice(0, -5), /cannot read t: line 3 is no record/],
      [`${valid}${recordLine(open)}`, /line 4 opens a connection again/],
      [
        valid.replace('"connection":1,"type":"request"', '"connection":2,"type":"request"'),
        /line 3 is of a connection that/,
      ],
    ];
    for (const [trace, message] of faults) {
      const { ending, stderr } = await replayed(trace);
      assertEquals(ending, 2, stderr);
      assertMatch(stderr, message);
    }
    const missing = await run(() => new Daemon().connect(), ["tsxs", "trace", "--replay", "none"], {
      files: new Map(),
    });
    assertEquals([missing.ending, missing.stderr], [2, "tsxs: cannot read none: No such file or directory\n"]);
    const words = ["tsxs", "-a", "unix:/nowhere/socket", "trace", "--replay", "t"];
    const setting = { files: new Map([["t", valid]]), openStream };
    const refused = await run(() => new Daemon().connect(), words, setting);
    assertEquals([refused.ending, refused.stderr], [2, "tsxs: xs_open: No such file or directory\n"]);
  });
});
