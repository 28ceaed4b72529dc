// A live update of the real xenstored over our migration streams: it writes one, and continues with ours.

import { Buffer } from "node:buffer";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { fromBytes } from "../../src/daemon/tree/latin1.ts";
import { exportStream } from "../../src/daemon/migration/export.ts";
import { importStream } from "../../src/daemon/migration/import.ts";
import { importStore, stateOf } from "../../src/daemon/migration/store.ts";
import type { MigrationState, NodeData } from "../../src/daemon/migration/state.ts";
import { collect, until } from "../contract/scratch.ts";
import { TestStore } from "../daemon/support.ts";
import { randomState } from "../daemon/migration/states.ts";
import { type RealStore, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

/*
 * In a live update, xenstored writes its state to a file. Then it runs the new binary in the same process, with the
 * same descriptors, and the new binary reads the file. In this test, the "binary" is a script. It hands the file to the
 * waits for another file, and runs xenstored again. The reply to the command that started the update is a part of the
 * state, so the new process sends it.
 */
const SCRIPT = `#!/bin/sh
cat "$XENSTORED_RUNDIR/state_dump" >"$XENSTORED_RUNDIR/given" &&
cat "$XENSTORED_RUNDIR/taken" >"$XENSTORED_RUNDIR/state_dump" &&
exec /usr/lib/xen-4.17/bin/xenstored "$@"
`;

/** Updates a daemon. `change` modifies the state in between. Returns the state that the daemon wrote. */
async function update(
  store: RealStore,
  client: Client,
  change: (state: MigrationState) => MigrationState = (state) => state,
): Promise<{ bytes: Uint8Array; state: MigrationState }> {
  const directory = dirname(store.socket);
  const script = join(directory, "update");
  const [given, taken] = [join(directory, "given"), join(directory, "taken")];
  writeFileSync(script, SCRIPT);
  chmodSync(script, 0o700);
  execFileSync("mkfifo", [given, taken]);
  try {
    assertEquals(await client.control(["live-update", "-f", script]), "OK");
    const updated = client.control(["live-update", "-s", "-t", "60"]);
    const bytes = await readAll(given);
    const state = importStream(bytes);
    await writeAll(taken, exportStream(change(state)));
    assertEquals(await updated, "OK");
    return { bytes, state };
  } finally {
    execFileSync("rm", ["-f", given, taken]);
  }
}

// Other processes read and write, because opening a FIFO waits for its other end and blocks some runtimes.
async function readAll(fifo: string): Promise<Uint8Array> {
  const child = spawn("cat", [fifo], { stdio: ["ignore", "pipe", "inherit"] });
  const pieces: Uint8Array[] = [];
  child.stdout.on("data", (piece: Uint8Array) => pieces.push(piece));
  await new Promise((resolve) => child.once("close", resolve));
  return new Uint8Array(Buffer.concat(pieces));
}

async function writeAll(fifo: string, bytes: Uint8Array): Promise<void> {
  const child = spawn("sh", ["-c", 'cat >"$0"', fifo], { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(Buffer.from(bytes));
  await new Promise((resolve) => child.once("close", resolve));
}

/** A node as text, to compare a store with a stream. */
const described = (path: string, value: string, permissions: string): string =>
  `${path} ${JSON.stringify(value)} ${permissions}`;

const describeNodes = (nodes: readonly NodeData[]): string[] =>
  nodes.filter(({ path }) => !path.startsWith("@")).map(({ path, value, permissions }) =>
    described(path, value, permissions.toString().replaceAll("\0", " "))
  );

/** All nodes that a store serves, in its order: each node is followed by its children. */
async function served(client: Client): Promise<string[]> {
  const nodes: string[] = [];
  const visit = async (path: string): Promise<void> => {
    const letters = (await client.getPerms(path)).map(({ domid, read, write }) =>
      `${read ? (write ? "b" : "r") : write ? "w" : "n"}${domid} `
    );
    nodes.push(described(path, fromBytes(await client.read(path)), letters.join("")));
    for (const name of await client.list(path)) await visit(path === "/" ? `/${name}` : `${path}/${name}`);
  };
  await visit("/");
  return nodes;
}

/** Sorts nodes as a daemon walks them: each node is followed by its children. */
function inDepth(nodes: readonly NodeData[]): NodeData[] {
  const sorted: NodeData[] = nodes.filter(({ path }) => path.startsWith("@"));
  const visit = (path: string): void => {
    sorted.push(...nodes.filter((node) => node.path === path));
    const prefix = path === "/" ? "/" : `${path}/`;
    for (const { path: other } of nodes) {
      if (other !== "/" && other.startsWith(prefix) && !other.slice(prefix.length).includes("/")) visit(other);
    }
  };
  visit("/");
  return sorted;
}

/** Removes the part that differs between updates: the reply to the command. */
const lasting = (state: MigrationState): MigrationState => ({
  ...state,
  connections: state.connections.map((connection) => ({ ...connection, unsent: "" })),
});

withPeers("xenstored is updated by way of us", () => {
  describe("a live update of xenstored", () => {
    test("importStream() reads the nodes, permissions and watches that xenstored writes", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      await client.write("/tool/bytes", Uint8Array.from({ length: 256 }, (_, i) => i));
      await client.write("/local/domain/5/data/z", "made first");
      await client.write("/local/domain/5/data/a", "");
      await client.setPerms("/local/domain/5", ["n5"]);
      await client.setPerms("/local/domain/5/data", ["b5", "r6", "w7", "n8"]);
      for (const domid of [5, 6]) await client.introduceDomain(domid, 1, 1);
      await client.setTarget(6, 5);
      await using monitor = client.monitor();
      await monitor.watch("/local/domain", "a token");
      await monitor.watch("@releaseDomain", "");
      await collect(monitor, ({ length }) => length === 2);
      await using five = await connect(`unix:${store.domainSocket(5)}`);
      await using homely = five.monitor();
      await homely.watch("data", "relative");
      await collect(homely, () => true);

      const before = await served(client);
      const { bytes, state } = await update(store, client);
      assertEquals(state.version, 1);
      assertEquals(bytes.length % 8, 0);
      assertEquals(describeNodes(state.nodes), before);
      const special = state.nodes.filter(({ path }) => path.startsWith("@"));
      assertEquals(special.map(({ path }) => path), ["@releaseDomain", "@introduceDomain"]);
      assertEquals([state.quotas, state.domains, state.skipped], [null, [], []]);
      assert(state.global !== null && state.global.socket > 0);

      const endpoints = state.connections.map(({ endpoint }) => endpoint);
      const rings = endpoints.filter((endpoint) => endpoint.kind === "ring");
      assertEquals(rings.map(({ domid, target }) => [domid, target]), [[0, null], [5, null], [6, 5]]);
      const own = state.connections.find(({ endpoint: { kind } }) => kind === "socket");
      assertEquals(own?.watches, [
        { path: "/local/domain", token: own?.watches[0]?.token ?? "", depth: null },
        { path: "@releaseDomain", token: own?.watches[1]?.token ?? "", depth: null },
      ]);
      const guest = state.connections.find(({ endpoint }) => endpoint.kind === "ring" && endpoint.domid === 5);
      assertEquals(guest?.watches.map(({ path }) => path), ["data"]);
      // The reply to the command that started the update.
      assertEquals(own?.unsent.slice(16), "OK\0");
      assertEquals(own?.unsentPartial, 0);
      assertEquals(exportStream(state), bytes);
    });

    test("xenstored continues with our stream: connections, watches, domains and an incomplete request", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      await client.write("/tool/a", "before");
      await client.introduceDomain(5, 1, 1);
      await using monitor = client.monitor();
      await monitor.watch("/tool", "token");
      await collect(monitor, () => true);
      // READ "/tool/a". Its second half follows after the update.
      const request = Buffer.from("02000000" + "07000000" + "00000000" + "08000000" + "2f746f6f6c2f6100", "hex");
      const raw = connectSocket(store.socket);
      const received: Buffer[] = [];
      const answered = new Promise<void>((resolve, reject) => {
        raw.once("error", reject).on("data", (piece: Buffer) => {
          received.push(piece);
          if (Buffer.concat(received).length >= 22) resolve();
        });
      });
      await new Promise((resolve) => raw.once("connect", resolve));
      await new Promise((resolve) => raw.write(request.subarray(0, 19), resolve));

      const { state: first } = await update(store, client);
      const half = first.connections.find(({ received }) => received !== "");
      assertEquals(half?.received, fromBytes(request.subarray(0, 19)));
      assertEquals(await client.readText("/tool/a"), "before");
      assertEquals(await client.isDomainIntroduced(5), true);
      raw.write(request.subarray(19));
      await answered;
      assertEquals(Buffer.concat(received).subarray(16).toString(), "before");
      raw.destroy();
      await client.write("/tool/a", "after");
      assertEquals((await until(monitor, "/tool/a")).at(-1), { type: "change", path: "/tool/a", token: "token" });
    });

    test("repeated live updates give the same state", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      await client.introduceDomain(5, 1, 1);
      await using monitor = client.monitor();
      for (const path of ["/", "/tool", "@introduceDomain"]) await monitor.watch(path, "token");
      await collect(monitor, ({ length }) => length === 3);
      const { state: first } = await update(store, client);
      const { state: second } = await update(store, client);
      const { state: third } = await update(store, client);
      // The first state has different descriptors.
      assertEquals(lasting(third), lasting(second));
      assertEquals(describeNodes(second.nodes), describeNodes(first.nodes));
      assertEquals(second.connections.map(({ watches }) => watches), first.connections.map(({ watches }) => watches));
    });

    test("xenstored continues with the store of an embedded daemon, and an embedded daemon with the store of xenstored", async () => {
      const own = new TestStore();
      own.node("/local/domain/5", "n5");
      own.node("/local/domain/5/device/vif/0", "b5", "r0");
      own.tell("WRITE", "/local/domain/5/device/vif/0|state|");
      own.tell("WRITE", "/local/a|made last");
      own.tell("RM", "/tool|");
      own.guest(5).watch("device", "relative");
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      await client.introduceDomain(5, 1, 1);
      await update(store, client, (state) => {
        const ours = stateOf(own.core, 1);
        const connections = state.connections.map((connection) => {
          const { endpoint } = connection;
          const same = ours.connections.find((other) =>
            endpoint.kind === "ring" && other.endpoint.kind === "ring" && other.endpoint.domid === endpoint.domid
          );
          return { ...connection, watches: same?.watches ?? connection.watches };
        });
        return { ...ours, global: state.global, connections };
      });
      assertEquals(await served(client), describeNodes(stateOf(own.core).nodes));

      await client.write("/local/domain/5/device/vif/0/mac", "00:16:3e:00:00:00");
      await client.setPerms("@releaseDomain", ["n0", "r5"]);
      const { bytes, state } = await update(store, client);
      assertEquals(state.connections.flatMap(({ watches }) => watches), [
        { path: "device", token: "relative", depth: null },
      ]);
      const other = new TestStore();
      importStore(other.core, bytes);
      assertEquals(describeNodes(stateOf(other.core).nodes), await served(client));
      assertEquals(other.dom0.ask("GET_PERMS", "@releaseDomain|"), "n0|r5|");
      const five = other.open(5);
      assertEquals(five.ask("WRITE", "device/vif/0|by 5"), "OK|");
      assertEquals(five.ask("WRITE", "/local/a|by 5"), "EACCES");
      other.audit();
    });

    test("xenstored serves random stores from our streams", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      await using monitor = client.monitor();
      await monitor.watch("/tool", "ours");
      await collect(monitor, () => true);
      // The daemon accounts for each node with its owner, and ends if it does not know the owner.
      for (const domid of [1, 2, 3, 4]) await client.introduceDomain(domid, 1, domid);
      for (let seed = 0; seed < 5; seed++) {
        const { nodes, domains, quotas } = randomState(seed, 1);
        const ours = inDepth(nodes);
        await update(store, client, (state) => ({
          ...state,
          nodes: ours,
          domains,
          quotas,
          connections: state.connections.map((connection) => ({
            ...connection,
            watches: connection.watches.length === 0
              ? []
              : [...connection.watches, { path: "/n1", token: `${seed}`, depth: null }].slice(-2),
          })),
        }));
        assertEquals(await served(client), describeNodes(ours));
        const { state } = await update(store, client);
        assertEquals(describeNodes(state.nodes), describeNodes(ours));
        const watches = state.connections.flatMap((connection) => connection.watches);
        assert(watches.some(({ path, token }) => path === "/n1" && token === `${seed}`));
        // The daemon marks further permissions as stale, if it does not know their domains.
        for (const [i, { path, permissions }] of ours.filter(({ path }) => !path.startsWith("@")).entries()) {
          const after = state.nodes.filter(({ path }) => !path.startsWith("@"))[i]?.permissions.entries ?? [];
          assert(permissions.entries.every(({ ignored }, j) => !ignored || after[j]?.ignored), path);
        }
        assertEquals(await client.control(["check"]), "OK");
      }
    });
  });
});
