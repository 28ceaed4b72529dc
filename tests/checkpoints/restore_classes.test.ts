// What a restore makes of values that belong to one domain or to one run of it.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { DumpError, type PlanRestoreOptions, restoreTree, saveTree } from "../../src/checkpoints/mod.ts";
import { type Client, connect } from "../../src/client/client.ts";
import { formatPermission } from "../../src/wire/permissions.ts";
import { Daemon } from "../../src/daemon/mod.ts";

async function withStore(body: (store: Client) => Promise<void>): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await body(store);
}

/** The paths and values below a node, relative to it. */
async function valuesOf(store: Client, top: string): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for await (const { path, value, children } of store.walk(top)) {
    if (children.length === 0) values[path.slice(top.length + 1)] = new TextDecoder().decode(value ?? undefined);
  }
  return values;
}

async function writeAll(store: Client, top: string, values: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, value] of Object.entries(values)) await store.write(`${top}/${path}`, value);
}

/** Saves nodes, removes them, restores them, and returns what the store has then. */
async function restored(
  store: Client,
  top: string,
  values: Readonly<Record<string, string>>,
  options: PlanRestoreOptions = {},
): Promise<Record<string, string>> {
  await writeAll(store, top, values);
  const checkpoint = await saveTree(store, top);
  await store.delete(top);
  const { path } = await restoreTree(store, checkpoint, options);
  return await valuesOf(store, path);
}

/** For each class, nodes below a domain's home, and what is restored of them. `null` is left out. */
const classes: readonly (readonly [what: string, path: string, value: string, restored: string | null])[] = [
  ["a grant reference", "device/vbd/768/ring-ref", "8", null],
  ["a grant reference of several pages", "device/vbd/768/ring-ref0", "8", null],
  ["the grant reference of a queue", "device/vif/0/queue-1/tx-ring-ref", "9", null],
  ["the grant reference of a framebuffer", "device/vfb/0/page-ref", "77", null],
  ["an event channel", "device/vbd/768/event-channel", "12", null],
  ["the event channel of a direction", "device/vif/0/queue-0/event-channel-tx", "13", null],
  ["the event channel of a suspend", "device/suspend/event-channel", "14", null],
  ["the port of the console", "console/port", "3", null],
  ["the port of the store", "store/port", "1", null],
  ["the TCP port of the screen", "console/vnc-port", "5900", null],
  ["the terminal", "console/tty", "/dev/pts/3", null],
  ["the process of the device model", "image/device-model-pid", "4711", null],
  ["the status of the hotplug script", "backend/vbd/6/768/hotplug-status", "connected", null],
  ["the error of the hotplug script", "backend/vbd/6/768/hotplug-error", "no disk", null],
  ["the state of a device model", "device-model/6/state", "running", null],
  ["the state of a frontend", "device/vbd/768/state", "4", "1"],
  ["the state of a function of PCI", "device/pci/0/state-0", "4", "1"],
  ["the state of a backend", "backend/vbd/6/768/state", "4", "1"],
  ["a pending request to shut down", "control/shutdown", "poweroff", ""],
  ["a pending system request", "control/sysrq", "h", ""],
  ["a name", "name", "guest", "guest"],
  ["the target of the memory, which may be the number of the domain", "memory/target", "5", "5"],
  ["a state of another kind", "data/state", "4", "4"],
  ["a node whose name only contains that of a class", "data/ring-reference", "8", "8"],
];

describe("a restore of values that belong to one run of a domain", () => {
  for (const [what, path, value, expected] of classes) {
    const outcome = expected === null ? "leaves out" : expected === value ? "restores" : `resets to "${expected}"`;
    test(`a restore ${outcome} ${what} (${path}), and raw restores it as it was`, () =>
      withStore(async (store) => {
        const values = { other: "1", [path]: value };
        const plain = await restored(store, "/local/domain/5", values);
        assertEquals(plain[path] ?? null, expected);
        assertEquals(plain.other, "1");
        assertEquals(await restored(store, "/local/domain/5", values, { raw: true }), values);
      }));
  }

  test("a restore leaves out the nodes below a node that is left out, and counts them", () =>
    withStore(async (store) => {
      await writeAll(store, "/local/domain/5/console", { "port/a": "1", "port/b/c": "1", "ports": "2" });
      const checkpoint = await saveTree(store, "/local/domain/5/console");
      await store.delete("/local/domain/5/console");
      const report = await restoreTree(store, checkpoint);
      assertEquals([report.added, report.leftOut, report.reset], [2, 4, 0]);
      assertEquals(await valuesOf(store, "/local/domain/5/console"), { ports: "2" });
    }));

  test("nodes outside of a domain keep values whose names mean something else there", () =>
    withStore(async (store) => {
      const values = { port: "8080", pid: "1", tty: "x", state: "4", "control/shutdown": "poweroff" };
      assertEquals(await restored(store, "/tool/server", values), values);
    }));

  test("a restore over a running device keeps its ring, its event channel and its state", () =>
    withStore(async (store) => {
      const top = "/local/domain/5/device/vbd/768";
      await writeAll(store, top, { "ring-ref": "8", "event-channel": "1", state: "4", protocol: "x86_64-abi" });
      const checkpoint = await saveTree(store, top);
      await writeAll(store, top, { "ring-ref": "9", "event-channel": "2", state: "5", protocol: "bad", new: "1" });
      await store.write(`${top}/page-ref/below`, "1");
      const report = await restoreTree(store, checkpoint);
      assertEquals([report.added, report.changed, report.removed], [0, 1, 1]);
      assertEquals(await valuesOf(store, top), {
        "ring-ref": "9",
        "event-channel": "2",
        state: "5",
        protocol: "x86_64-abi",
        "page-ref/below": "1",
      });
      await restoreTree(store, checkpoint, { raw: true });
      assertEquals((await valuesOf(store, top))["ring-ref"], "8");
    }));

  test("a device that the checkpoint lacks is removed with its ring and its state", () =>
    withStore(async (store) => {
      const top = "/local/domain/5/device";
      await store.write(`${top}/vif/0/mac`, "00:16:3e:00:00:01");
      const checkpoint = await saveTree(store, top);
      await writeAll(store, `${top}/vbd/768`, { "ring-ref": "9", state: "4" });
      assertEquals((await restoreTree(store, checkpoint)).removed, 4);
      assertEquals(await store.list(top), ["vif"]);
    }));
});

describe("a restore with another domid", () => {
  const values = {
    domid: "5",
    vm: "/vm/0000-05",
    "device/vbd/768/backend": "/local/domain/0/backend/vbd/5/768",
    "device/vbd/768/backend-id": "0",
    "device/vbd/51712/backend": "/local/domain/15/backend/vbd/5/51712",
    "device/vbd/51712/backend-id": "5",
    "backend/vbd/9/768/frontend": "/local/domain/9/device/vbd/768",
    "backend/vbd/9/768/frontend-id": "9",
    "backend/vbd/9/768/backend": "/local/domain/5/backend/vbd/9/768",
    note: "5 /local/domain/5",
    "memory/target": "5",
  };

  test("paths, ids and the path of the top are mapped, and other values stay", () =>
    withStore(async (store) => {
      const { path } = await restoreTree(store, await savedDomain(store), { domid: 7 });
      assertEquals(path, "/local/domain/7");
      assertEquals(await valuesOf(store, path), {
        ...values,
        domid: "7",
        "device/vbd/768/backend": "/local/domain/0/backend/vbd/7/768",
        "device/vbd/51712/backend": "/local/domain/15/backend/vbd/7/51712",
        "device/vbd/51712/backend-id": "7",
        "backend/vbd/9/768/backend": "/local/domain/7/backend/vbd/9/768",
      });
      // The domain of the checkpoint is untouched.
      assertEquals(await valuesOf(store, "/local/domain/5"), values);
    }));

  async function savedDomain(store: Client) {
    await writeAll(store, "/local/domain/5", values);
    await store.setPerms("/local/domain/5/device", ["n5", "r0", "b5", "w55"]);
    return await saveTree(store, "/local/domain/5");
  }

  test("permissions of the domain are mapped, and those of other domains stay", () =>
    withStore(async (store) => {
      await restoreTree(store, await savedDomain(store), { domid: 7 });
      const permissions = await store.getPerms("/local/domain/7/device");
      assertEquals(permissions.map(formatPermission), ["n7", "r0", "b7", "w55"]);
    }));

  test("the tree of a backend gets the number of the frontend in its path", () =>
    withStore(async (store) => {
      const top = "/local/domain/0/backend/vbd/5";
      await writeAll(store, `${top}/768`, { frontend: "/local/domain/5/device/vbd/768", "frontend-id": "5" });
      const { path } = await restoreTree(store, await saveTree(store, top), { domid: 7 });
      assertEquals(path, "/local/domain/0/backend/vbd/7");
      assertEquals(await valuesOf(store, path), {
        "768/frontend": "/local/domain/7/device/vbd/768",
        "768/frontend-id": "7",
      });
    }));

  test("a path within the tree follows the tree to another top", () =>
    withStore(async (store) => {
      const top = "/local/domain/5";
      await writeAll(store, top, { "a/backend": `${top}/b`, "a/frontend": "/local/domain/55/b" });
      await restoreTree(store, await saveTree(store, top), { to: "/local/domain/8" });
      assertEquals(await valuesOf(store, "/local/domain/8"), {
        "a/backend": "/local/domain/8/b",
        "a/frontend": "/local/domain/55/b",
      });
    }));

  test("the old number must be given if the path has none", () =>
    withStore(async (store) => {
      await store.write("/tool/guest/domid", "5");
      const checkpoint = await saveTree(store, "/tool/guest");
      await assertRejects(() => restoreTree(store, checkpoint, { domid: 7 }), RangeError, "give { from, to }");
      await restoreTree(store, checkpoint, { domid: { from: 5, to: 7 } });
      assertEquals(await store.readText("/tool/guest/domid"), "7");
    }));

  const host = {
    "backend/vbd/5/768/frontend": "/local/domain/5/device/vbd/768",
    "backend/vbd/5/768/frontend-id": "5",
    "backend/vbd/6/768/frontend": "/local/domain/6/device/vbd/768",
    "backend/vbd/6/768/frontend-id": "6",
    "backend/vif/5/0/handle": "0",
    "backend/vif/55/0/handle": "1",
    "device-model/5/x": "1",
  };

  test("nodes below the top that are named after the domain are renamed, also past their siblings", () =>
    withStore(async (store) => {
      await writeAll(store, "/local/domain/0", host);
      const checkpoint = await saveTree(store, "/local/domain/0");
      await store.delete("/local/domain/0");
      const options = { domid: { from: 5, to: 7 } };
      const planned = (await restoreTree(store, checkpoint, { ...options, dryRun: true })).differences ?? [];
      const paths = planned.map(({ path }) => path);
      assertEquals(paths, paths.toSorted((a, b) => a.replaceAll("/", "\0") < b.replaceAll("/", "\0") ? -1 : 1));
      assertEquals((await restoreTree(store, checkpoint, options)).added, paths.length);
      assertEquals(await valuesOf(store, "/local/domain/0"), {
        "backend/vbd/6/768/frontend": "/local/domain/6/device/vbd/768",
        "backend/vbd/6/768/frontend-id": "6",
        "backend/vbd/7/768/frontend": "/local/domain/7/device/vbd/768",
        "backend/vbd/7/768/frontend-id": "7",
        "backend/vif/55/0/handle": "1",
        "backend/vif/7/0/handle": "0",
        "device-model/7/x": "1",
      });
      assertEquals((await restoreTree(store, checkpoint, { ...options, dryRun: true })).differences, []);
    }));

  test("the whole store is restored with one domain under another number", () =>
    withStore(async (store) => {
      await writeAll(store, "/local/domain", { "5/name": "a", "6/name": "b", "0/backend/vbd/5/1/mode": "w" });
      await writeAll(store, "/libxl/5", { type: "pv" });
      const checkpoint = await saveTree(store, "/");
      await restoreTree(store, checkpoint, { domid: { from: 5, to: 70 }, mode: "merge", to: "/tool/copy" });
      assertEquals(await store.list("/tool/copy/local/domain"), ["70", "6", "0"]);
      assertEquals(await store.readText("/tool/copy/local/domain/0/backend/vbd/70/1/mode"), "w");
      assertEquals(await store.readText("/tool/copy/libxl/70/type"), "pv");
    }));

  test("a tree that has nodes of the new domain already is refused, and nothing is changed", () =>
    withStore(async (store) => {
      await writeAll(store, "/local/domain/0", host);
      const checkpoint = await saveTree(store, "/local/domain/0/backend");
      const options = { domid: { from: 5, to: 6 }, to: "/tool/new" };
      await assertRejects(() => restoreTree(store, checkpoint, options), DumpError, "/tool/new/vbd/6");
      assertEquals(await store.exists("/tool/new"), false);
    }));

  test("invalid numbers, modes and paths are refused", () =>
    withStore(async (store) => {
      const checkpoint = await savedDomain(store);
      for (const domid of [-1, 65536, 1.5, NaN, { from: 5, to: 70000 }, { from: -1, to: 7 }]) {
        await assertRejects(() => restoreTree(store, checkpoint, { domid }), RangeError, "domid");
      }
      await assertRejects(() => restoreTree(store, checkpoint, { mode: "all" as never }), RangeError, "mode");
      await assertRejects(() => restoreTree(store, checkpoint, { to: "relative" }), Error, "begin with a slash");
      await assertRejects(() => restoreTree(store, checkpoint, { tto: "/a" } as never), TypeError, 'mean "to"?');
    }));
});
