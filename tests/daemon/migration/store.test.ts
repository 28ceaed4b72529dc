// Exporting a store to a migration stream, and importing one into another store.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { MigrationError } from "../../../src/daemon/migration/errors.ts";
import { exportStream } from "../../../src/daemon/migration/export.ts";
import { HEADER_SIZE, RECORD_HEADER_SIZE } from "../../../src/daemon/migration/format.ts";
import { importStream } from "../../../src/daemon/migration/import.ts";
import { exportStore, importStore, stateOf } from "../../../src/daemon/migration/store.ts";
import { concat } from "../../support/bytes.ts";
import { tableOf, TestStore } from "../support.ts";
import { permissionsOf } from "../persistence/model.ts";
import { emptyState } from "./states.ts";

function filled(): TestStore {
  const store = new TestStore({ quotas: { "nodes": 77 } });
  const { dom0, guest, node, tell } = store;
  const five = guest(5);
  guest(6);
  node("/local/domain/5", "n5");
  node("/z/first", "b5", "r6", "w9");
  node("/a", "n0");
  tell("WRITE", "/a|value");
  tell("RM", "/tool|");
  tell("SET_PERMS", "@introduceDomain|n0|r5|");
  tell("SET_TARGET", "6|5|");
  tell("SET_QUOTA", "6|watches|3|");
  five.watch("device", "relative");
  five.watch("/a", "", 1);
  dom0.watch("/", "of domain 0");
  return store;
}

describe("exportStore() and importStore()", () => {
  test("importStore() restores the tree, domains, quotas and permissions of an exported store", () => {
    for (const version of [1, 2] as const) {
      const store = filled();
      const bytes = exportStore(store.core, version);
      const other = new TestStore();
      const state = importStore(other.core, bytes);
      assertEquals(state.version, version);
      assertEquals(other.tree(), store.tree());
      other.audit();
      assertEquals(stateOf(other.core, version), {
        ...state,
        connections: state.connections.map((connection) => ({ ...connection, watches: [] })),
      });
      tableOf(
        other.dom0,
        ["GET_PERMS", "@introduceDomain|", "n0|r5|"],
        ["GET_QUOTA", "nodes|", "77|"],
        ["GET_QUOTA", "6|watches|", "3|"],
        ["IS_DOMAIN_INTRODUCED", "5|", "T|"],
        ["IS_DOMAIN_INTRODUCED", "7|", "F|"],
      );
      // Domain 6 has the rights of its target.
      assertEquals(other.open(6).ask("WRITE", "/z/first|by 6"), "OK|");
    }
  });

  test("exportStore() writes the watches of each domain, and in version 2 their depths", () => {
    const { core } = filled();
    const watches = (version: 1 | 2) =>
      importStream(exportStore(core, version)).connections.map(({ watches }) => watches);
    assertEquals(watches(2), [
      [{ path: "device", token: "relative", depth: null }, { path: "/a", token: "", depth: 1 }],
      [],
    ]);
    assertEquals(watches(1)[0]?.map(({ depth }) => depth), [null, null]);
  });

  test("importStore() adds the nodes of one domain to a store, and rejects a node without a parent", () => {
    const { core, tree, audit } = new TestStore();
    const before = tree();
    const nodes = ["/local/domain/5", "/local/domain/5/name"].map((path) => ({
      path,
      value: "v",
      permissions: permissionsOf(5),
    }));
    const isKnown = (): boolean => true;
    importStore(core, exportStream({ ...emptyState, nodes }, { isKnown }));
    assertEquals(tree().filter((line) => !before.includes(line)), [
      "/local/domain/5=v n5",
      "/local/domain/5/name=v n5",
    ]);
    audit();
    const orphan = { path: "/nowhere/5", value: "", permissions: permissionsOf(5) };
    const bad = exportStream({ ...emptyState, nodes: [orphan] }, { isKnown });
    const after = tree();
    assertThrows(() => importStore(core, bad), MigrationError, 'the parent of "/nowhere/5" is not there before it');
    assertEquals(tree(), after);
  });

  test("importStore() changes nothing if the stream is invalid", () => {
    const node = (path: string) => ({ path, value: "", permissions: permissionsOf(0) });
    // Each stream is valid, and both joined are not.
    const joined = (first: string, second: string): Uint8Array => {
      const of = (path: string) => exportStream({ ...emptyState, nodes: [node(path)] }, { isKnown: () => true });
      return concat([of(first).slice(0, -RECORD_HEADER_SIZE), of(second).slice(HEADER_SIZE)]);
    };
    for (const [first, second] of [["/", "/tool/xenstored/x"], ["/zz", "/"], ["@special", "/nowhere/x"]] as const) {
      const { core, tree, audit } = filled();
      const before = tree();
      const top = core.view.top;
      assertThrows(() => importStore(core, joined(first, second)), MigrationError);
      assertEquals(tree(), before);
      assertEquals(core.view.top === top, true);
      audit();
    }
  });

  test("importStore() ignores unknown quotas, and domains that do not exist", () => {
    const store = new TestStore({ domainExists: (domid) => domid < 10 });
    const { core } = store;
    const state = importStore(
      core,
      exportStream({
        ...emptyState,
        quotas: { perDomain: [["of another daemon", 1], ["nodes", 9]], overall: [["total", 5]] },
        domains: [{ domid: 11, features: 1, quotas: [] }, { domid: 5, features: 1, quotas: [["unknown", 1]] }],
        connections: [{
          id: 1,
          endpoint: { kind: "ring", domid: 11, target: null, eventChannel: 1 },
          received: "",
          unsent: "",
          unsentPartial: 0,
          uniqueId: null,
          watches: [],
          transactions: [],
        }],
      }),
    );
    assertEquals(state.domains.length, 2);
    assert(core.introduced(11) === undefined);
    assertEquals(core.quotas.get("nodes"), 9);
    assertEquals(store.dom0.ask("GET_FEATURE", "5|"), "1|");
  });
});
