// Migration streams: their bytes, and the errors of invalid ones.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Permissions } from "../../../src/daemon/tree/permissions.ts";
import { MigrationError } from "../../../src/daemon/migration/errors.ts";
import { exportStream } from "../../../src/daemon/migration/export.ts";
import { importStream } from "../../../src/daemon/migration/import.ts";
import type { MigrationState, NodeData } from "../../../src/daemon/migration/state.ts";
import { randomFractions } from "../../support/random.ts";
import { permissionsOf } from "../persistence/model.ts";
import { emptyState, initialNodes, randomState } from "./states.ts";

const HEADER_1 = "78656e73746f7265 00000001 00000000";
const HEADER_2 = "78656e73746f7265 00000002 00000000";
const END = "00000000 00000000";

const stream = (...parts: string[]): Uint8Array =>
  Uint8Array.from(parts.join("").replace(/\s/g, "").match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** One of every record in the specification, its numbers little-endian. */
const everything = [
  HEADER_2,
  "01000000 08000000  05000000 ffffffff", // GLOBAL_DATA: socket 5, no event channels
  "06000000 18000000  0100 0100 0a000000 00000000 6e6f64657300 746f74616c00", // GLOBAL_QUOTA_DATA: nodes 10, total 0
  // CONNECTION_DATA 1: ring of domain 5 for 6, port 9; received "abc", unsent "defg" with 2 partial bytes; unique id
  "02000000 28000000  01000000 0000 0100  0500 0600 09000000  0300 0200 04000000  616263 64656667 00  0807060504030201",
  "03000000 10000000  01000000 0300 0200  2f6100 7400 000000", // WATCH_DATA: "/a", "t"
  "08000000 10000000  01000000 0200 0100 0100 0000  6100 00 00", // WATCH_DATA_EXTENDED: "a", "", depth 1
  "04000000 08000000  01000000 07000000", // TRANSACTION_DATA 7
  "02000000 18000000  02000000 0100 0000  04000000 00000000  0000 0000 00000000", // CONNECTION_DATA 2: socket 4
  "05000000 18000000  00000000 00000000 0200 0000 0000 0100  6e 00 0000  2f00 0000", // NODE_DATA "/": n0
  // NODE_DATA "/a": "b\0", r1, w2 stale
  "05000000 20000000  00000000 00000000 0300 0200 0000 0200  72 00 0100  77 01 0200  2f6100 6200 000000",
  "05000000 18000000  01000000 07000000 0300 0000 0000 0000  2f6100 0000000000", // NODE_DATA "/a" of transaction 7: removed
  "07000000 18000000  0500 0100 07000000 00020000 6e6f64657300 000000000000", // DOMAIN_DATA 5: features 7, nodes 512
  END,
];

const everythingState: MigrationState = {
  version: 2,
  global: { socket: 5, eventChannels: -1 },
  quotas: { perDomain: [["nodes", 10]], overall: [["total", 0]] },
  connections: [
    {
      id: 1,
      endpoint: { kind: "ring", domid: 5, target: 6, eventChannel: 9 },
      received: "abc",
      unsent: "defg",
      unsentPartial: 2,
      uniqueId: 0x0102030405060708n,
      watches: [{ path: "/a", token: "t", depth: null }, { path: "a", token: "", depth: 1 }],
      transactions: [{ id: 7, nodes: [{ path: "/a", value: "", permissions: null, read: false, written: false }] }],
    },
    {
      id: 2,
      endpoint: { kind: "socket", descriptor: 4 },
      received: "",
      unsent: "",
      unsentPartial: 0,
      uniqueId: null,
      watches: [],
      transactions: [],
    },
  ],
  nodes: [
    { path: "/", value: "", permissions: permissionsOf(0) },
    {
      path: "/a",
      value: "b\0",
      permissions: new Permissions([
        { domid: 1, rights: 1, ignored: false },
        { domid: 2, rights: 2, ignored: true },
      ]),
    },
  ],
  domains: [{ domid: 5, features: 7, quotas: [["nodes", 512]] }],
  skipped: [],
};

describe("importStream()", () => {
  test("importStream() reads every record of the specification", () => {
    assertEquals(importStream(stream(...everything)), everythingState);
  });

  test("importStream() reads the numbers of a big-endian host", () => {
    const big = stream(
      "78656e73746f7265 00000002 00000001",
      "00000001 00000008  00000005 ffffffff",
      "00000005 00000018  00000000 00000000 0002 0000 0000 0001  6e 00 0102  2f00 0000",
      END,
    );
    const { global, nodes } = importStream(big);
    assertEquals(global, { socket: 5, eventChannels: -1 });
    assertEquals(nodes, [{ path: "/", value: "", permissions: permissionsOf(0x102) }]);
  });

  test("importStream() reads the output of exportStream() in both versions and byte orders", () => {
    for (let seed = 0; seed < 100; seed++) {
      for (const version of [1, 2] as const) {
        const state = randomState(seed, version);
        for (const bigEndian of [false, true]) {
          const bytes = exportStream(state, { bigEndian });
          assertEquals(bytes.length % 8, 0);
          assertEquals(importStream(bytes), state);
        }
      }
    }
  });

  test("importStream() accepts a record whose length does not include the padding", () => {
    const short = stream(HEADER_1, "05000000 16000000  00000000 00000000 0200 0000 0000 0100  6e000000 2f00 ffff", END);
    assertEquals(importStream(short).nodes.map(({ path }) => path), ["/"]);
  });

  test("importStream() skips records of unknown types, and lists them", () => {
    const unknown = stream(HEADER_2, "09000000 05000000 0102030405 000000", "ffffffff 00000000", END);
    assertEquals(importStream(unknown).skipped, [
      { type: 9, offset: 16, length: 5 },
      { type: 0xffffffff, offset: 32, length: 0 },
    ]);
  });

  test("importStream() ignores the fields and records that version 1 does not have", () => {
    const [, , , connection = "", , extended = ""] = everything;
    const old = stream(HEADER_1, connection.replace("0000 0100", "0000 ffff"), extended, everything[11] ?? "", END);
    const { connections: [first], domains, skipped } = importStream(old);
    assertEquals(skipped.map(({ type }) => type), [8]);
    assertEquals(first?.watches, []);
    assertEquals(domains[0]?.features, null);
  });

  test("importStream() accepts zeros after the end, and rejects other bytes", () => {
    assertEquals(importStream(stream(HEADER_1, END, END)).nodes, []);
    assertThrows(() => importStream(stream(HEADER_1, END, "00 01")), MigrationError, "cannot read END at byte 25");
  });

  test("importStream() accepts a node without its parent if isKnown() knows the parent", () => {
    const nodes: NodeData[] = [{ path: "/local/domain/5", value: "", permissions: permissionsOf(5) }];
    const isKnown = (path: string): boolean => path === "/local/domain";
    const bytes = exportStream({ ...emptyState, nodes }, { isKnown });
    assertEquals(importStream(bytes, { isKnown }).nodes, nodes);
    assertThrows(
      () => importStream(bytes),
      MigrationError,
      'cannot read NODE_DATA at byte 44 of a migration stream: the parent of "/local/domain/5" is not there before it',
    );
  });

  test("importStream() rejects a truncated stream at every length, and names the byte", () => {
    const bytes = stream(...everything);
    for (let length = 0; length < bytes.length; length++) {
      const error = assertThrows(() => importStream(bytes.subarray(0, length)), MigrationError);
      assert(error.offset !== undefined && error.offset <= length, error.message);
      assertEquals(error.code, "EINVAL");
    }
  });

  test("importStream() throws only MigrationErrors for random bytes", () => {
    const random = randomFractions(1);
    const whole = [stream(...everything), ...[1, 2, 3, 4].map((seed) => exportStream(randomState(seed)))];
    for (let i = 0; i < 20_000; i++) {
      const bytes = whole[i % whole.length]?.slice() ?? new Uint8Array();
      for (let flips = 1 + i % 4; flips > 0; flips--) bytes[Math.floor(random() * bytes.length)] = random() * 256;
      try {
        exportStream(importStream(bytes));
      } catch (error) {
        assert(error instanceof MigrationError, String(error));
      }
    }
  });

  const ring = "02000000 18000000  01000000 0000 0000  0500 f47f 00000000  0000 0000 00000000";
  const root = "05000000 18000000  00000000 00000000 0200 0000 0000 0100  6e 00 0000  2f00 0000";
  const faults: [what: string, parts: string[], message: string][] = [
    [
      "an unknown header",
      ["78656e73746f7266 00000001 00000000", END],
      'HEADER at byte 0 of a migration stream: it does not begin with "xenstore"',
    ],
    [
      "a later version",
      ["78656e73746f7265 00000003 00000000", END],
      "HEADER at byte 8 of a migration stream: its version is 3: 1 and 2 can be read",
    ],
    ["version 0", ["78656e73746f7265 00000000 00000000", END], "HEADER at byte 8"],
    [
      "unknown flags",
      ["78656e73746f7265 00000001 00000002", END],
      "HEADER at byte 12 of a migration stream: its flags are 0x2",
    ],
    ["no end", [HEADER_1], "END at byte 16 of a migration stream: it is missing, and the stream has not ended"],
    [
      "an end with a body",
      [HEADER_1, "00000000 08000000", END],
      "END at byte 16 of a migration stream: it has 8 bytes",
    ],
    [
      "a record longer than the stream",
      [HEADER_1, "09000000 09000000", END],
      "record 9 at byte 16 of a migration stream: it has 9 bytes, 8 are left",
    ],
    [
      "a record with more than its fields",
      [HEADER_1, "01000000 10000000", END, END, END],
      "GLOBAL_DATA at byte 32 of a migration stream: 8 bytes are left after the last field",
    ],
    [
      "a record with fewer bytes than its fields",
      [HEADER_1, "01000000 04000000", END, END],
      "GLOBAL_DATA at byte 28 of a migration stream: a number takes 4 bytes, 0 are left",
    ],
    [
      "a second record of a kind that occurs once",
      [HEADER_1, "01000000 08000000", END, "01000000 08000000", END, END],
      "GLOBAL_DATA at byte 40 of a migration stream: there is one already",
    ],
    [
      "a connection without an id",
      [HEADER_1, ring.replace("01000000 0000", "00000000 0000"), END],
      "CONNECTION_DATA at byte 24 of a migration stream: its id is 0",
    ],
    [
      "a repeated id",
      [HEADER_1, ring, ring, END],
      "CONNECTION_DATA at byte 56 of a migration stream: connection 1 is there already",
    ],
    [
      "an unknown kind of connection",
      [HEADER_1, ring.replace("01000000 0000", "01000000 0200"), END],
      "CONNECTION_DATA at byte 28 of a migration stream: its type is 2",
    ],
    [
      "an unsent partial message longer than the unsent bytes",
      [HEADER_1, ring.replace("0000 0000 00000000", "0000 0100 00000000"), END],
      "CONNECTION_DATA at byte 42",
    ],
    [
      "a watch of an unknown connection",
      [HEADER_1, "03000000 10000000  01000000 0300 0200  2f6100 7400 000000", END],
      "WATCH_DATA at byte 24 of a migration stream: there is no connection 1 before it",
    ],
    [
      "a watch of an invalid path",
      [HEADER_1, ring, "03000000 10000000  01000000 0300 0200  2f2f00 7400 000000", END],
      'WATCH_DATA at byte 64 of a migration stream: the path "//" is invalid',
    ],
    [
      "a path without NUL",
      [HEADER_1, ring, "03000000 10000000  01000000 0300 0200  2f6161 7400 000000", END],
      "WATCH_DATA at byte 64 of a migration stream: the path does not end with NUL",
    ],
    [
      "a path that ends early",
      [HEADER_1, ring, "03000000 10000000  01000000 0300 0200  2f0000 7400 000000", END],
      "WATCH_DATA at byte 64 of a migration stream: the path of 3 bytes ends after 2",
    ],
    ["a repeated transaction", [
      HEADER_1,
      ring,
      "04000000 08000000 01000000 07000000",
      "04000000 08000000 01000000 07000000",
      END,
    ], "TRANSACTION_DATA at byte 76"],
    [
      "a node of an unknown transaction",
      [HEADER_1, ring, root.replace("00000000", "01000000"), END],
      "NODE_DATA at byte 56 of a migration stream: there is no transaction 0 of connection 1 before it",
    ],
    [
      "a repeated node",
      [HEADER_1, root, root, END],
      'NODE_DATA at byte 76 of a migration stream: "/" is there already',
    ],
    [
      "a root that is not the first node",
      [HEADER_1, root.replace("0200 0000", "0300 0000").replace("2f00 0000", "2f61 0000"), root, END],
      "NODE_DATA at byte 76 of a migration stream: the root follows other nodes",
    ],
    [
      "an unknown permission",
      [HEADER_1, root.replace("6e 00", "78 00"), END],
      'NODE_DATA at byte 40 of a migration stream: the permission "x" is not one of n, r, w, b',
    ],
    ["a node without permissions", [
      HEADER_1,
      "05000000 18000000  00000000 00000000 0200 0000 0000 0000  2f00 0000 00000000",
      END,
    ], 'NODE_DATA at byte 38 of a migration stream: "/" has no permissions'],
    [
      "a relative path of a node",
      [HEADER_1, root.replace("2f00", "6100"), END],
      'the path "a" is invalid: it is relative',
    ],
    [
      "a quota without a name",
      [HEADER_2, "07000000 10000000  0500 0100 07000000 00020000 6e6f6465", END],
      "DOMAIN_DATA at byte 36 of a migration stream: a quota's name does not end with NUL",
    ],
    ["a repeated domain", [
      HEADER_2,
      "07000000 08000000  0500 0000 07000000",
      "07000000 08000000  0500 0000 07000000",
      END,
    ], "DOMAIN_DATA at byte 40"],
  ];
  for (const [what, parts, message] of faults) {
    test(`importStream() rejects ${what}`, () => {
      assertThrows(() => importStream(stream(...parts)), MigrationError, message);
    });
  }
});

describe("exportStream()", () => {
  test("exportStream() writes every record of the specification", () => {
    assertEquals(hex(exportStream(everythingState)), hex(stream(...everything)));
  });

  test("exportStream() writes a permission of an impossible domid as one for no domain", () => {
    const permissions = new Permissions([
      { domid: 0, rights: 0, ignored: false },
      { domid: 0x10005, rights: 3, ignored: false },
    ]);
    const nodes: NodeData[] = [{ path: "/", value: "", permissions }];
    assertEquals(importStream(exportStream({ ...emptyState, nodes })).nodes[0]?.permissions.entries, [
      { domid: 0, rights: 0, ignored: false },
      { domid: 0x7ff4, rights: 3, ignored: true },
    ]);
  });

  const big = "x".repeat(65536);
  const [connection] = everythingState.connections;
  assert(connection !== undefined);
  const faults: [what: string, state: Partial<MigrationState>, message: string][] = [
    ["a value that is too long", {
      nodes: [...initialNodes, { path: "/a", value: big, permissions: permissionsOf(0) }],
    }, 'cannot write NODE_DATA of a migration stream: the value of "/a" is 65536'],
    [
      "a node before its parent",
      { nodes: [{ path: "/a/b", value: "", permissions: permissionsOf(0) }] },
      '"/a/b" has no parent before it',
    ],
    ["a root that is not the first node", {
      nodes: ["/a", "/"].map((path) => ({ path, value: "", permissions: permissionsOf(0) })),
    }, '"/" follows other nodes'],
    ["a repeated node", { nodes: [...initialNodes, ...initialNodes] }, '"/" is there twice'],
    [
      "an invalid path",
      { nodes: [{ path: "/a/", value: "", permissions: permissionsOf(0) }] },
      '"/a/" is no path: it ends with a slash',
    ],
    [
      "received bytes that exceed the limit",
      { connections: [{ ...connection, received: big }] },
      "cannot write CONNECTION_DATA of a migration stream: what was received is 65536",
    ],
    [
      "a token with a NUL",
      { connections: [{ ...connection, watches: [{ path: "/", token: "a\0", depth: null }] }] },
      'the token "a\\u0000" contains a NUL',
    ],
    ["a depth in version 1", { version: 1, connections: [connection] }, 'version 1 has none, and "a" has a depth'],
    [
      "a quota out of range",
      { domains: [{ domid: 1, features: 0, quotas: [["nodes", -1]] }] },
      'the quota "nodes" is -1',
    ],
  ];
  for (const [what, state, message] of faults) {
    test(`exportStream() rejects ${what}`, () => {
      assertThrows(() => exportStream({ ...emptyState, ...state }), MigrationError, message);
    });
  }
});
