// Numeric options: every public entry rejects a value that is no valid number, by an error that names the option.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Client, connect } from "../mod.ts";
import { UnixSocketConnection } from "../compat/pyxs.ts";
import { xs } from "../compat/xs.ts";
import { restoreTree, saveTree } from "../src/checkpoints/mod.ts";
import { Daemon } from "../src/daemon/mod.ts";
import { listDomains, UnknownFlagError, watchDomains } from "../src/domains/mod.ts";
import { Disk, Hosts, TransferOps } from "../src/pools/mod.ts";
import { makeDomain, someDomain } from "./support/domains.ts";

/** What no numeric option accepts, with its text in the error. */
const invalid: readonly (readonly [value: unknown, text: string])[] = [
  [5n, "5n"],
  [Symbol("five"), "Symbol(five)"],
  [NaN, "NaN"],
  [-1, "-1"],
  ["5", '"5"'],
  [null, "null"],
  [{}, "an object"],
  [Object.create(null), "an object"],
  [() => 5, "a function"],
];

/** Calls with a value for the option that the name ends with, as a program in JavaScript makes them. */
type Calls = Readonly<Record<string, (value: never) => unknown>>;

/** The error of a call, which may throw or reject; `null` if the call succeeds. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (error) {
    return error;
  }
}

async function assertInvalid(calls: Calls, values = invalid): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    const option = name.split(" ").at(-1) ?? "";
    for (const [value, text] of values) {
      const error = await errorOf(() => call(value as never));
      assert(error instanceof RangeError || error instanceof TypeError, `${name} ${text}: ${error}`);
      assertEquals([name, error.message.includes(`${option} is ${text}: expected a `) || error.message], [name, true]);
    }
  }
}

describe("a value that is no valid number is rejected by an error that names the option and the value", () => {
  test("in what a client is made with", () =>
    assertInvalid({
      "connect poll": (poll) => connect("embedded:", { poll }),
      "Client poll": (poll) => new Client("unix:/nowhere", { poll }),
      "reconnect attempts": (attempts) => new Client("embedded:", { reconnect: { attempts } }),
      "reconnect backoff.initial": (initial) => new Client("embedded:", { reconnect: { backoff: { initial } } }),
      "reconnect backoff.max": (max) => new Client("embedded:", { reconnect: { backoff: { max } } }),
    }));

  test("in the methods of a client and of a monitor", async () => {
    await using store = await connect("embedded:");
    await using monitor = store.monitor();
    await assertInvalid({
      "transact attempts": (attempts) => store.transact(() => {}, { attempts }),
      "transact backoff.initial": (initial) => store.transact(() => {}, { backoff: { initial } }),
      "transact backoff.max": (max) => store.transact(() => {}, { backoff: { max } }),
      "walk maxDepth": (maxDepth) => store.walk("/", { maxDepth }).next(),
      "walk maxNodes": (maxNodes) => store.walk("/", { maxNodes }).next(),
      "monitor limit": (limit) => store.monitor({ limit }),
      "watch depth": (depth) => monitor.watch("/", "t", { depth }),
      "getDomainPath domid": (domid) => store.getDomainPath(domid),
      "setTarget domid": (target) => store.setTarget(1, target),
      "setFeature features": (features) => store.setFeature(1, features),
      "setQuota quota": (value) => store.setQuota("nodes", value, 1),
    });
  });

  test("in events, whose room imports no other", async () => {
    await using store = await connect("embedded:");
    for (const [value] of invalid) {
      await assertRejects(
        async () => await store.events("trace", { limit: value as never }).return(),
        RangeError,
        "events: limit is ",
      );
      const add = async () => await store.setEventCallback(() => {}, value as never);
      await assertRejects(add, RangeError, "setEventCallback: mask is ");
    }
  });

  test("in a daemon, in its faults and in its connections", async () => {
    await using daemon = new Daemon();
    await assertInvalid({
      "unsentMax": (unsentMax) => new Daemon({ unsentMax }),
      "unsentMs": (unsentMs) => new Daemon({ unsentMs }),
      "pinnedMax": (pinnedMax) => new Daemon({ pinnedMax }),
      "faults conflict": (conflict) => new Daemon({ faults: { seed: 1, conflict } }),
      "faults cut": (cut) => new Daemon({ faults: { seed: 1, cut } }),
      "faults spuriousEvents": (spuriousEvents) => new Daemon({ faults: { seed: 1, spuriousEvents } }),
      "faults delay.milliseconds": (milliseconds) =>
        new Daemon({ faults: { seed: 1, delay: { probability: 1, milliseconds } } }),
      "faults delay.probability": (probability) =>
        new Daemon({ faults: { seed: 1, delay: { probability, milliseconds: 1 } } }),
      "open interval": (interval) => Daemon.open("/nowhere/store", { interval }),
      "connect domid": (domid) => daemon.connect({ domid }),
      "listen domid": (domid) => daemon.listen("/nowhere/socket", { domid }),
      "operations limit": (limit) => daemon.operations({ limit }),
    });
    const seeds = invalid.filter(([value]) => value !== -1);
    await assertInvalid({ "faults seed": (seed) => new Daemon({ faults: { seed } }) }, seeds);
    for (const [value, text] of invalid) {
      const make = async () => await new Daemon({ quotas: { nodes: value as never } });
      await assertRejects(make, RangeError, `cannot set quota "nodes": ${text} is not a whole number from 0`);
    }
  });

  test("in handles that block", () =>
    assertInvalid({
      "xs spin": (spin) => new xs({ address: "unix:/nowhere", spin }),
      "pyxs spin": (spin) => new UnixSocketConnection("/nowhere", { spin }).connect(),
    }));

  test("in checkpoints, and in the permissions of a node", async () => {
    await using store = await connect(new Daemon().connect());
    await store.write("/local/domain/5/name", "five");
    const checkpoint = await saveTree(store, "/local/domain/5");
    await assertInvalid({
      "saveTree attempts": (attempts) => saveTree(store, "/local/domain/5", { attempts }),
      "restoreTree attempts": (attempts) => restoreTree(store, checkpoint, { attempts }),
      "restoreTree domid.to": (to) => restoreTree(store, checkpoint, { domid: { from: 5, to } }),
    });
    const numbers = invalid.filter(([, text]) => text !== "an object");
    await assertInvalid({ "restoreTree domid": (domid) => restoreTree(store, checkpoint, { domid }) }, numbers);
    for (const [value, text] of invalid) {
      const perm = { domid: value as never, read: true, write: true };
      await assertRejects(
        async () => await store.setPerms("/local", [perm]),
        Error,
        `domid ${text} is not a whole number from 0`,
      );
    }
  });

  test("in domains", async () => {
    await using store = await connect(new Daemon().connect());
    await makeDomain(store, someDomain(5));
    const [domain] = await listDomains(store);
    assert(domain !== undefined);
    await assertInvalid({
      "watchDomains interval": (interval) => watchDomains(store, { interval }),
      "watchDomains limit": (limit) => watchDomains(store, { limit }),
      "requestShutdown timeout": (timeout) => domain.requestShutdown("poweroff", { timeout }),
      "waitForEnd rebootWithin": (rebootWithin) => domain.waitForEnd({ rebootWithin }),
    });
    for (const [value, text] of invalid) {
      const error = await assertRejects(() => listDomains(store, { flags: value as never }), UnknownFlagError);
      assertEquals(error.message, `listDomains: unsupported flags: ${text} is not a flag of a list of domains`);
    }
  });

  test("in pools", () => {
    const times = { heartbeat: 1, stale: 2, poll: 1 };
    return assertInvalid({
      "Hosts connections": (connections) => new Hosts({ connections }),
      "Hosts startTimeout": (startTimeout) => new Hosts({ startTimeout }),
      "Hosts silenceTimeout": (silenceTimeout) => new Hosts({ silenceTimeout }),
      "TransferOps concurrency": (concurrency) => new TransferOps("/cache", new Hosts(), { concurrency }),
      "TransferOps stride": (stride) => new TransferOps("/cache", new Hosts(), { stride }),
      "TransferOps lock.timeout": (timeout) => new TransferOps("/cache", new Hosts(), { lock: { timeout } }),
      "TransferOps lock.times.heartbeat": (heartbeat) =>
        new TransferOps("/cache", new Hosts(), { lock: { times: { ...times, heartbeat } } }),
      "TransferOps lock.times.stale": (stale) =>
        new TransferOps("/cache", new Hosts(), { lock: { times: { ...times, stale } } }),
      "TransferOps lock.times.poll": (poll) =>
        new TransferOps("/cache", new Hosts(), { lock: { times: { ...times, poll } } }),
      "Disk size": (size) => new Disk({ name: "vda", image: "/image", size }),
    });
  });
});
