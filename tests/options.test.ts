// Unknown options: every call that takes options rejects them, and names the nearest option.

import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client, connect, type Monitor, Operation, type Transaction } from "../mod.ts";
import { Client as PyxsClient, UnixSocketConnection, XenBusConnection } from "../compat/pyxs.ts";
import { Daemon } from "../src/daemon/mod.ts";
import { inDirectory } from "./support/socket.ts";

/** A call as a program in JavaScript makes it, with options that the types would reject. */
type Call<On> = (on: On, options: never) => unknown;

const mistyped = { sginal: undefined } as never;

const onNodes: Record<string, Call<Client | Transaction>> = {
  read: (store, options) => store.read("/a", options),
  readText: (store, options) => store.readText("/a", options),
  write: (store, options) => store.write("/a", "v", options),
  mkdir: (store, options) => store.mkdir("/a", options),
  delete: (store, options) => store.delete("/a", options),
  writeIfChanged: (store, options) => store.writeIfChanged("/a", "1", options),
  list: (store, options) => store.list("/", options),
  exists: (store, options) => store.exists("/", options),
  getPerms: (store, options) => store.getPerms("/", options),
  setPerms: (store, options) => store.setPerms("/", ["n0"], options),
  execute: (store, options) => store.execute(Operation.READ, ["/"], options),
  walk: (store, options) => store.walk("/", options),
};

const onClient: Record<string, Call<Client>> = {
  connect: (store, options) => store.connect(options),
  transaction: (store, options) => store.transaction(options),
  transact: (store, options) => store.transact(() => {}, options),
  monitor: (store, options) => store.monitor(options),
  waitFor: (store, options) => store.waitFor("/", () => true, options),
  resetWatches: (store, options) => store.resetWatches(options),
  getDomainPath: (store, options) => store.getDomainPath(1, options),
  isDomainIntroduced: (store, options) => store.isDomainIntroduced(1, options),
  introduceDomain: (store, options) => store.introduceDomain(1, 1, 1, options),
  releaseDomain: (store, options) => store.releaseDomain(1, options),
  resumeDomain: (store, options) => store.resumeDomain(1, options),
  setTarget: (store, options) => store.setTarget(1, 2, options),
  getFeature: (store, options) => store.getFeature(1, options),
  setFeature: (store, options) => store.setFeature(1, 1, options),
  "getQuota without a name": (store, options) => store.getQuota(options),
  "getQuota with a name": (store, options) => store.getQuota("nodes", 1, options),
  setQuota: (store, options) => store.setQuota("nodes", 1, 1, options),
  control: (store, options) => store.control(["help"], options),
  events: (store, options) => store.events("trace", options),
  close: (store, options) => store.close(options),
};

const onMonitor: Record<string, Call<Monitor>> = {
  watch: (monitor, options) => monitor.watch("/", "t", options),
  unwatch: (monitor, options) => monitor.unwatch("/", "t", options),
  wait: (monitor, options) => monitor.wait(options),
  stream: (monitor, options) => monitor.stream(options),
  close: (monitor, options) => monitor.close(options),
};

const onTransaction: Record<string, Call<Transaction>> = {
  commit: (transaction, options) => transaction.commit(options),
  rollback: (transaction, options) => transaction.rollback(options),
};

async function assertRefused<On>(on: On, calls: Readonly<Record<string, Call<On>>>): Promise<void> {
  for (const [name, call] of Object.entries(calls)) {
    const nearest = name === "monitor" ? "limit" : "signal";
    const text = `option "sginal" is unknown: did you mean "${nearest}"?`;
    // Some calls throw, others reject.
    const run = async () => await call(on, mistyped);
    const error = await assertRejects(run, TypeError);
    assertEquals([name, error.message.slice(error.message.indexOf("option"))], [name, text]);
  }
}

describe("an unknown option is a TypeError that names it and the nearest known one", () => {
  test("in every method of a client", async () => {
    await using store = await connect("embedded:");
    await assertRefused(store, onNodes);
    await assertRefused(store, onClient);
    await assertRejects(() => store.read("/a", { defualt: "" } as never), TypeError, 'did you mean "default"?');
    const backoff = { intial: 5 } as never;
    await assertRejects(() => store.transact(() => {}, { backoff }), TypeError, 'backoff: option "intial" is unknown');
    await assertRejects(() => store.transact(() => {}, { attemps: 5 } as never), TypeError, 'mean "attempts"?');
    assertThrows(() => store.walk("/", { maxdepth: 1 } as never), TypeError, 'mean "maxDepth"?');
    assertEquals(await store.exists("/a"), false);
  });

  test("in every method of a transaction, which stays open", async () => {
    await using store = await connect("embedded:");
    await using transaction = await store.transaction();
    await assertRefused(transaction, onNodes);
    await assertRefused(transaction, onTransaction);
    assertEquals(await transaction.commit(), true);
  });

  test("in every method of a monitor", async () => {
    await using store = await connect("embedded:");
    await using monitor = store.monitor();
    await assertRefused(monitor, onMonitor);
    await assertRejects(() => monitor.watch("/", "t", { dpeth: 1 } as never), TypeError, 'mean "depth"?');
    assertEquals([...monitor.watched], []);
  });

  test("in connect() and in what a client is made with, also in the options within options", async () => {
    await assertRejects(() => connect("embedded:", { reconect: true } as never), TypeError, 'mean "reconnect"?');
    await assertRejects(() => connect("embedded:", mistyped), TypeError, 'mean "signal"?');
    const make = (options: unknown) => () => new Client("embedded:", options as never);
    assertThrows(
      make({ onstatus: () => {} }),
      TypeError,
      'Client: option "onstatus" is unknown: did you mean "onStatus"?',
    );
    assertThrows(make({ reconnect: { attempt: 1 } }), TypeError, 'reconnect: option "attempt" is unknown');
    assertThrows(make({ reconnect: { backoff: { mx: 1 } } }), TypeError, 'backoff: option "mx" is unknown');
    assertThrows(make({ reconnect: "yes" }), TypeError, "reconnect: options are an object: got string");
    assertThrows(make(null), TypeError, "Client: options are an object: got null");
  });

  test("in a daemon and its connections, also in the options within options", async () => {
    const make = (options: unknown) => () => new Daemon(options as never);
    assertThrows(make({ unsentMS: 1 }), TypeError, 'Daemon: option "unsentMS" is unknown: did you mean "unsentMs"?');
    assertThrows(make({ sync: "always" }), TypeError, 'Daemon: option "sync" is unknown');
    assertThrows(make({ quotas: { node: 1 } }), TypeError, 'quotas: option "node" is unknown: did you mean "nodes"?');
    assertThrows(make({ faults: { seed: 1, cuts: 1 } }), TypeError, 'faults: option "cuts" is unknown');
    await using daemon = new Daemon();
    assertThrows(() => daemon.connect({ domId: 5 } as never), TypeError, 'mean "domid"?');
    await assertRejects(() => daemon.listen("/nowhere/socket", { domain: 5 } as never), TypeError, 'mean "domid"?');
    assertThrows(() => daemon.operations({ limits: 5 } as never), TypeError, 'mean "limit"?');
  });

  test("in Daemon.open(), before anything is made", async () => {
    await inDirectory(async (directory) => {
      const open = (options: unknown) => () => Daemon.open(`${directory}/store`, options as never);
      await assertRejects(
        open({ synch: "always" }),
        TypeError,
        'Daemon.open: option "synch" is unknown: did you mean "sync"?',
      );
      await assertRejects(open({ faults: { sed: 1 } }), TypeError, 'faults: option "sed" is unknown');
      await using daemon = await Daemon.open(`${directory}/store`, { sync: "never", quotas: { nodes: 5 } });
      assertEquals(typeof daemon.close, "function");
    });
  });

  test("in pyxs, in the named arguments and in a connection", () => {
    const text = 'Client: option "unix_socket" is unknown: did you mean "unix_socket_path"?';
    assertThrows(() => new PyxsClient({ unix_socket: "/a" } as never), TypeError, text);
    for (const connection of [UnixSocketConnection, XenBusConnection]) {
      const make = () => new connection("/a", { spinn: 5 } as never);
      assertThrows(make, TypeError, `${connection.name}: option "spinn" is unknown: did you mean "spin"?`);
    }
  });
});
