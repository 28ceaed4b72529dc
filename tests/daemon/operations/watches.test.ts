// Watches: their events, the receivers and the order; and the index of watches, compared with a list.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Connection, Watch } from "../../../src/daemon/state/domains.ts";
import { shutDownDomain } from "../../../src/daemon/state/lifecycle.ts";
import { Permissions } from "../../../src/daemon/tree/permissions.ts";
import { parentPath } from "../../../src/daemon/tree/paths.ts";
import type { View } from "../../../src/daemon/tree/tree.ts";
import { byOrder, WatchTrie } from "../../../src/daemon/state/watches.ts";
import { PAYLOAD_MAX } from "../../../src/wire/header.ts";
import { levelsBelow } from "../../../src/wire/path.ts";
import { randomNumbers } from "../../support/random.ts";
import { type Asked, type Speaker, table, tableOf, type TestStore, within } from "../support.ts";

/** The paths of the events that arrived. */
function paths(who: Speaker): string[] {
  return who.events().map(([path]) => path);
}

describe("WATCH", () => {
  test(
    "WATCH replies first and then sends an event, whether or not the node exists and is readable",
    within(({ dom0, guest }) => {
      for (const who of [dom0, guest(5)]) {
        for (const path of ["/", "/tool", "/none/x", "none", "a/b", "@introduceDomain", "@foo", "@releaseDomain/5"]) {
          assertEquals(who.ask("WATCH", `${path}|token|`), "OK|");
          assertEquals(who.messages(), ["WATCH OK|", `WATCH_EVENT ${path}|token|`]);
          assertEquals(who.events(), [[path, "token"]]);
        }
      }
    }),
  );

  test(
    "WATCH accepts a token of any bytes, and an empty one",
    within(({ dom0 }) => {
      const all = Uint8Array.from({ length: 255 }, (_, i) => i + 1).filter((byte) => byte !== "|".charCodeAt(0));
      const token = String.fromCharCode(...all);
      dom0.watch("/a", token);
      dom0.watch("/a", "");
      tableOf(dom0, ["WRITE", "/a|", "OK|"]);
      assertEquals(dom0.events(), [["/a", token], ["/a", ""]]);
      tableOf(dom0, ["UNWATCH", `/a|${token}|`, "OK|"], ["UNWATCH", "/a||", "OK|"], ["UNWATCH", "/a||", "ENOENT"]);
    }),
  );

  test(
    "watches differ by connection, path and token, and not by depth",
    within(({ dom0, open }) => {
      const other = open();
      dom0.watch("/a", "t");
      table(
        [dom0, "WATCH", "/a|t|", "EEXIST"],
        [dom0, "WATCH", "/a|t|1|", "EEXIST"],
        [dom0, "WATCH", "/a|u|", "OK|"],
        [dom0, "WATCH", "/b|t|", "OK|"],
        [other, "WATCH", "/a|t|", "OK|"],
        [other, "UNWATCH", "/b|t|", "ENOENT"],
        [other, "UNWATCH", "/a|t|", "OK|"],
        [dom0, "WATCH", "/a|t|", "EEXIST"],
      );
    }),
  );

  test(
    "WATCH and UNWATCH treat a relative path as the same as its absolute path",
    within(({ dom0, guest }) => {
      for (const [who, home] of [[dom0, "/local/domain/0"], [guest(5), "/local/domain/5"]] as const) {
        tableOf(
          who,
          ["WATCH", "rel/x|t|", "OK|"],
          ["WATCH", `${home}/rel/x|t|`, "EEXIST"],
          ["UNWATCH", `${home}/rel/x|t|`, "OK|"],
          ["WATCH", `${home}/rel/x|t|`, "OK|"],
          ["WATCH", "rel/x|t|", "EEXIST"],
          ["UNWATCH", "rel/x|t|", "OK|"],
          ["UNWATCH", "rel/x|t|", "ENOENT"],
        );
      }
    }),
  );

  test(
    "WATCH and UNWATCH accept and reject payloads as the C daemon does",
    within(({ dom0 }) => {
      tableOf(
        dom0,
        ["WATCH", "", "EINVAL"],
        ["WATCH", "/a", "EINVAL"],
        ["WATCH", "/a|", "EINVAL"],
        ["WATCH", "/a|t", "EINVAL"],
        ["WATCH", "|t|", "EINVAL"],
        ["WATCH", "/a|t|0|0|", "EINVAL"],
        ["WATCH", "/a|t|-1|", "EINVAL"],
        ["WATCH", "/a|rest|not terminated", "OK|"],
        ["WATCH", "/a|depth|1|not terminated", "OK|"],
        ["UNWATCH", "/a|rest|not terminated", "OK|"],
        ["UNWATCH", "/a|depth|1|", "EINVAL"],
        ["UNWATCH", "/a|", "EINVAL"],
        ["UNWATCH", "/a|depth", "EINVAL"],
        ["UNWATCH", "", "EINVAL"],
        ["UNWATCH", "/a|depth|", "OK|"],
      );
    }),
  );
});

describe("an event", () => {
  test(
    "a change of a watched node or below it causes an event with the path of the change",
    within(({ dom0 }) => {
      dom0.watch("/a/b", "t");
      tableOf(
        dom0,
        ["WRITE", "/a/b|x", "OK|"],
        ["WRITE", "/a/b|x", "OK|"],
        ["WRITE", "/a/b/c/d|", "OK|"],
        ["MKDIR", "/a/b/e/f|", "OK|"],
        ["SET_PERMS", "/a/b/c|n0|", "OK|"],
        ["RM", "/a/b/c|", "OK|"],
      );
      assertEquals(paths(dom0), ["/a/b", "/a/b", "/a/b/c/d", "/a/b/e/f", "/a/b/c", "/a/b/c"]);
    }),
  );

  test(
    "a watch gets no event for ancestors, siblings, requests without a change, or failed requests",
    within(({ dom0, node }) => {
      node("/a/b");
      dom0.watch("/a/b", "t");
      tableOf(
        dom0,
        ["WRITE", "/a|x", "OK|"],
        ["SET_PERMS", "/a|b0|", "OK|"],
        ["WRITE", "/a/bb|x", "OK|"],
        ["WRITE", "/a/bb/b|x", "OK|"],
        ["WRITE", "/b|x", "OK|"],
        ["MKDIR", "/a/b|", "OK|"],
        ["RM", "/a/b/none|", "OK|"],
        ["READ", "/a/b|", ""],
        ["DIRECTORY", "/a/b|", ""],
        ["WRITE", "/a/b//|", "EINVAL"],
        ["SET_PERMS", "/a/b|x|", "EINVAL"],
        ["RM", "/a/b/none/x|", "ENOENT"],
      );
      assertEquals(dom0.events(), []);
    }),
  );

  test(
    "a watch of the root gets an event for every node except special nodes",
    within(({ dom0 }) => {
      dom0.watch("/", "t");
      tableOf(
        dom0,
        ["WRITE", "/|x", "OK|"],
        ["WRITE", "/a/b|x", "OK|"],
        ["INTRODUCE", "5|1|1|", "OK|"],
        ["SET_PERMS", "@releaseDomain|n0|", "OK|"],
        ["RELEASE", "5|", "OK|"],
      );
      assertEquals(paths(dom0), ["/", "/a/b"]);
    }),
  );

  test(
    "an event is sent before the reply to the request that causes it",
    within(({ dom0, guest }) => {
      for (const path of ["/", "@introduceDomain", "@releaseDomain"]) dom0.watch(path, "t");
      const t = dom0.begin();
      t.ask("WRITE", "/t|");
      dom0.messages();
      const rows = [
        ["WRITE", "/a|x", "/a"],
        ["MKDIR", "/b|", "/b"],
        ["SET_PERMS", "/a|b0|", "/a"],
        ["RM", "/a|", "/a"],
        ["INTRODUCE", "5|1|1|", "@introduceDomain"],
        ["RELEASE", "5|", "@releaseDomain"],
      ] as const;
      for (const [operation, payload, path] of rows) {
        dom0.ask(operation, payload);
        assertEquals(dom0.messages(), [`WATCH_EVENT ${path}|t|`, `${operation} OK|`]);
      }
      t.commit();
      assertEquals(dom0.messages(), ["WATCH_EVENT /t|t|", "TRANSACTION_END OK|"]);
      guest(6);
    }),
  );

  test(
    "events are sent in the order of age of the connections, and then of the watches",
    within(({ open }) => {
      const [first, second] = [open(), open()];
      second.watch("/", "1");
      second.watch("/a/b", "2");
      first.watch("/a/b/c", "3");
      first.watch("/a", "4");
      first.watch("/a/b/c", "5");
      first.watch("/", "6");
      second.watch("/a", "7");
      const order: string[] = [];
      second.connection.outbox.onMessage = () => order.push("second");
      first.connection.outbox.onMessage = () => order.push("first");
      open().ask("WRITE", "/a/b/c|");
      assertEquals(order, ["first", "second"]);
      assertEquals(first.events().map(([, token]) => token), ["3", "4", "5", "6"]);
      assertEquals(second.events().map(([, token]) => token), ["1", "2", "7"]);
    }),
  );

  test(
    "an event has a relative path if the watch has one",
    within(({ dom0, guest, node }) => {
      node("/local/domain/5", "n5");
      const five = guest(5);
      five.watch("a", "relative");
      five.watch("/local/domain/5/a", "absolute");
      table([five, "WRITE", "a|", "OK|"], [dom0, "WRITE", "/local/domain/5/a/b|", "OK|"]);
      assertEquals(five.events(), [
        ["a", "relative"],
        ["/local/domain/5/a", "absolute"],
        ["a/b", "relative"],
        ["/local/domain/5/a/b", "absolute"],
      ]);
      // Removing the home removes everything in it.
      table([dom0, "RM", "/local/domain/5|", "OK|"]);
      assertEquals(five.events(), [["a", "relative"], ["/local/domain/5/a", "absolute"]]);
    }),
  );

  test(
    "an event that exceeds a message is left out, and other watches get theirs",
    within(({ dom0, open }) => {
      const token = "t".repeat(PAYLOAD_MAX - "/a".length - 2);
      dom0.watch("/a", token);
      dom0.watch("/a", "short");
      const other = open();
      other.watch("/a", "other");
      tableOf(dom0, ["WRITE", "/a|", "OK|"], ["WRITE", "/a/b|", "OK|"], ["RM", "/a|", "OK|"]);
      assertEquals(dom0.events(), [["/a", token], ["/a", "short"], ["/a/b", "short"], ["/a", token], ["/a", "short"]]);
      assertEquals(paths(other), ["/a", "/a/b"]);
    }),
  );

  test(
    "an event that is already queued is not queued again, unless it is special",
    within(({ dom0, open }) => {
      const other = open();
      for (const path of ["/a", "@introduceDomain"]) other.watch(path, "t");
      other.watch("/a", "u");
      tableOf(
        dom0,
        ["WRITE", "/a|1", "OK|"],
        ["WRITE", "/a/b|1", "OK|"],
        ["WRITE", "/a|2", "OK|"],
        ["RM", "/a|", "OK|"],
        ["INTRODUCE", "5|1|1|", "OK|"],
        ["INTRODUCE", "6|1|1|", "OK|"],
      );
      const [plain, special] = [[["/a", "t"], ["/a", "u"], ["/a/b", "t"], ["/a/b", "u"]], ["@introduceDomain", "t"]];
      assertEquals(other.events() as unknown, [...plain, special, special]);
      tableOf(dom0, ["WRITE", "/a|3", "OK|"]);
      assertEquals(other.events(), [["/a", "t"], ["/a", "u"]]);
    }),
  );
});

describe("the removal of a subtree", () => {
  /** Creates a tree whose order is not alphabetical. */
  function planted(): (store: TestStore) => Speaker {
    return ({ dom0, node }) => {
      for (const path of ["/t/z/b/d", "/t/z/b/c", "/t/z/a", "/t/z/e/f", "/t/y"]) node(path);
      return dom0;
    };
  }

  test(
    "RM sends events to the watches within the subtree, children first, and then to those of its top",
    within((store) => {
      const dom0 = planted()(store);
      const watched = [
        "/",
        "/t/z",
        "/t/z/e",
        "/t/z/b",
        "/t/z/b/c",
        "/t",
        "/t/z/b/d",
        "/t/y",
        "/t/z/e/f/none",
        "/t/z/a",
      ];
      for (const path of watched) dom0.watch(path, `at ${path}`);
      tableOf(dom0, ["RM", "/t/z|", "OK|"]);
      assertEquals(dom0.events(), [
        ["/t/z/b/d", "at /t/z/b/d"],
        ["/t/z/b/c", "at /t/z/b/c"],
        ["/t/z/b", "at /t/z/b"],
        ["/t/z/a", "at /t/z/a"],
        ["/t/z/e", "at /t/z/e"],
        ["/t/z", "at /"],
        ["/t/z", "at /t/z"],
        ["/t/z", "at /t"],
      ]);
    }),
  );

  test(
    "RM sends events to the watches within the subtree, whatever their depth",
    within((store) => {
      const dom0 = planted()(store);
      dom0.watch("/t/z/b", "exact", 0);
      dom0.watch("/t", "shallow", 0);
      dom0.watch("/t", "deeper", 1);
      tableOf(dom0, ["RM", "/t/z/b|", "OK|"]);
      assertEquals(dom0.events(), [["/t/z/b", "exact"]]);
      tableOf(dom0, ["RM", "/t/z|", "OK|"]);
      assertEquals(dom0.events(), [["/t/z", "deeper"]]);
    }),
  );

  test(
    "RM sends one event to a watch",
    within((store) => {
      const dom0 = planted()(store);
      dom0.watch("/t/z", "t");
      tableOf(dom0, ["RM", "/t|", "OK|"], ["RM", "/t|", "OK|"]);
      assertEquals(dom0.events(), [["/t/z", "t"]]);
    }),
  );
});

describe("WATCH with a depth", () => {
  const rows: [watched: string, depth: number | undefined, told: string[]][] = [
    ["/", 0, ["/"]],
    ["/", 1, ["/", "/a"]],
    ["/", 2, ["/", "/a", "/a/b"]],
    ["/", undefined, ["/", "/a", "/a/b", "/a/b/c"]],
    ["/a", 0, ["/a"]],
    ["/a", 1, ["/a", "/a/b"]],
    ["/a", 2, ["/a", "/a/b", "/a/b/c"]],
    ["/a", 3072, ["/a", "/a/b", "/a/b/c"]],
    ["/a/b", 0, ["/a/b"]],
    ["/a/b/c", 5, ["/a/b/c"]],
  ];
  for (const [watched, depth, told] of rows) {
    test(
      `a depth of ${depth} at ${watched} sends events of ${told.join(" ")}`,
      within(({ dom0 }) => {
        dom0.watch(watched, "t", depth);
        for (const path of ["/", "/a", "/a/b", "/a/b/c"]) dom0.ask("WRITE", `${path}|`);
        assertEquals(paths(dom0), told);
      }),
    );
  }

  test(
    "a depth counts from the target of a relative path, and from a node that does not exist",
    within(({ dom0 }) => {
      dom0.watch("x", "t", 1);
      dom0.watch("/far", "t", 2);
      for (const path of ["x/y/z", "x/y", "x", "/far/a/b/c", "/far/a/b"]) dom0.ask("WRITE", `${path}|`);
      assertEquals(paths(dom0), ["x/y", "x", "/far/a/b"]);
    }),
  );

  test(
    "a depth that is not a number counts as 0",
    within(({ dom0 }) => {
      tableOf(dom0, ["WATCH", "/a|t|deep|", "OK|"], ["WATCH", "/a|u||", "OK|"], ["WATCH", "/a|v|1x|", "OK|"]);
      dom0.events();
      tableOf(dom0, ["WRITE", "/a/b|", "OK|"], ["WRITE", "/a|", "OK|"]);
      assertEquals(dom0.events(), [["/a/b", "v"], ["/a", "t"], ["/a", "u"], ["/a", "v"]]);
    }),
  );

  test(
    "a depth fails with EINVAL if the domain was not offered the feature",
    within(({ guest, tell }) => {
      tell("SET_FEATURE", "5|10|");
      tell("SET_FEATURE", "6|12|");
      tableOf(guest(5), ["WATCH", "/a|t|0|", "EINVAL"], ["WATCH", "/a|t|", "OK|"]);
      tableOf(guest(6), ["WATCH", "/a|t|0|", "OK|"]);
    }),
  );
});

describe("special events", () => {
  /** Sets a plain watch, watches with a depth, and one on a domid. Returns a function that reads the events. */
  function listening({ dom0 }: TestStore): () => string[] {
    for (const name of ["@introduceDomain", "@releaseDomain"]) {
      dom0.watch(name, "plain");
      dom0.watch(name, "numbered", 1);
      dom0.watch(name, "deep", 7);
      dom0.watch(name, "flat", 0);
      dom0.watch(`${name}/5`, "five");
      dom0.watch(`${name}/55`, "another");
    }
    return () => dom0.events().map(([path, token]) => `${path} ${token}`);
  }

  test(
    "INTRODUCE sends @introduceDomain to plain watches, and with the domid to watches with a depth",
    within((store) => {
      const told = listening(store);
      store.tell("INTRODUCE", "5|1|1|");
      assertEquals(told(), [
        "@introduceDomain plain",
        "@introduceDomain/5 numbered",
        "@introduceDomain/5 deep",
        "@introduceDomain/5 five",
      ]);
      store.tell("INTRODUCE", "5|1|1|");
      store.tell("INTRODUCE", "0|1|1|");
      assertEquals(told(), []);
    }),
  );

  test(
    "RELEASE sends @releaseDomain after the events of the nodes, to plain watches first",
    within((store) => {
      store.tell("INTRODUCE", "5|1|1|");
      store.node("/of5", "n5");
      const told = listening(store);
      store.dom0.watch("/", "root");
      store.tell("RELEASE", "5|");
      assertEquals(told(), [
        "/of5 root",
        "@releaseDomain plain",
        "@releaseDomain/5 numbered",
        "@releaseDomain/5 deep",
        "@releaseDomain/5 five",
      ]);
    }),
  );

  test(
    "a shutdown sends @releaseDomain to watches with a depth first, once until RESUME",
    within((store) => {
      store.tell("INTRODUCE", "5|1|1|");
      const told = listening(store);
      const shutDown = (): void => {
        const domain = store.core.introduced(5);
        assert(domain !== undefined);
        shutDownDomain(store.core, domain);
      };
      const all = [
        "@releaseDomain/5 numbered",
        "@releaseDomain/5 deep",
        "@releaseDomain/5 five",
        "@releaseDomain plain",
      ];
      shutDown();
      assertEquals(told(), all);
      shutDown();
      assertEquals(told(), []);
      store.tell("RESUME", "5|");
      shutDown();
      assertEquals(told(), all);
    }),
  );

  test(
    "a client cannot cause a special event with WRITE",
    within((store) => {
      const told = listening(store);
      tableOf(
        store.dom0,
        ["WRITE", "@releaseDomain|", "EINVAL"],
        ["WRITE", "@releaseDomain/5|", "EINVAL"],
        ["WRITE", "/@releaseDomain|", "OK|"],
      );
      assertEquals(told(), []);
    }),
  );
});

describe("events and permissions", () => {
  test(
    "a guest gets events of nodes that it may read, or whose parent it may read",
    within(({ dom0, guest, node }) => {
      for (const [path, permissions] of Object.entries({ "/no": "n0", "/yes": "r0", "/own": "n5", "/write": "w0" })) {
        node(path, permissions);
        node(`${path}/no`, "n0");
        node(`${path}/yes`, "r0");
        node(`${path}/no/no`, "n0");
      }
      const five = guest(5);
      five.watch("/", "t");
      const told = (operation: "WRITE" | "RM", rest = ""): string[] => {
        for (const top of ["/no", "/yes", "/own", "/write"]) {
          for (const below of ["/no/no", "/yes", "/no"]) tableOf(dom0, [operation, `${top}${below}|${rest}`, "OK|"]);
          tableOf(dom0, [operation, `${top}|${rest}`, "OK|"]);
        }
        return paths(five);
      };
      const may = ["/no/yes", "/yes/yes", "/yes/no", "/yes", "/own/yes", "/own/no", "/own", "/write/yes"];
      assertEquals(told("WRITE", "x"), may);
      // A removed node counts with its former permissions.
      assertEquals(told("RM"), may);
    }),
  );

  test(
    "a guest gets events of a created node that inherits read access",
    within(({ dom0, guest, node }) => {
      node("/yes", "r0");
      node("/no", "n0");
      const five = guest(5);
      five.watch("/", "t");
      tableOf(dom0, ["WRITE", "/yes/a/b|", "OK|"], ["WRITE", "/no/a/b|", "OK|"], ["MKDIR", "/c|", "OK|"]);
      assertEquals(paths(five), ["/yes/a/b"]);
    }),
  );

  test(
    "a guest gets an event if SET_PERMS grants or removes its read access",
    within(({ dom0, guest, node }) => {
      node("/a", "n0");
      const five = guest(5);
      five.watch("/a", "t");
      const rows: [permissions: string, told: string[]][] = [
        ["w0", []],
        ["n0|r5", ["/a"]],
        ["n0|r5", ["/a"]],
        ["n0", ["/a"]],
        ["n0", []],
        ["n5", ["/a"]],
        ["n6|n5", ["/a"]],
        ["b6|n5", []],
      ];
      for (const [permissions, told] of rows) {
        tableOf(dom0, ["SET_PERMS", `/a|${permissions}|`, "OK|"]);
        assertEquals(paths(five), told, permissions);
      }
      tableOf(dom0, ["WRITE", "/a|x", "OK|"], ["RM", "/a|", "OK|"]);
      assertEquals(paths(five), []);
    }),
  );

  test(
    "a guest gets events of nodes in a removed subtree by their permissions and their parents' permissions",
    within(({ dom0, guest, node }) => {
      node("/t", "n0");
      node("/t/no", "n0");
      node("/t/no/yes", "r0");
      node("/t/no/yes/no", "n0");
      node("/t/no/yes/no/no", "n0");
      const five = guest(5);
      for (const path of ["/t", "/t/no", "/t/no/yes", "/t/no/yes/no", "/t/no/yes/no/no"]) five.watch(path, "t");
      tableOf(dom0, ["RM", "/t|", "OK|"]);
      assertEquals(paths(five), ["/t/no/yes/no", "/t/no/yes"]);
    }),
  );

  test(
    "a guest gets events of nodes that its target may read",
    within(({ dom0, guest, node, tell }) => {
      node("/six", "n6");
      const five = guest(5);
      guest(6);
      five.watch("/six", "t");
      tableOf(dom0, ["WRITE", "/six|1", "OK|"]);
      tell("SET_TARGET", "5|6|");
      tableOf(dom0, ["WRITE", "/six|2", "OK|"]);
      assertEquals(paths(five), ["/six"]);
    }),
  );

  test(
    "a guest gets events of its own changes",
    within(({ guest, node }) => {
      node("/five", "n5");
      const five = guest(5);
      five.watch("/five", "t");
      tableOf(five, ["WRITE", "/five/a|", "OK|"], ["RM", "/five|", "OK|"]);
      assertEquals(paths(five), ["/five/a", "/five"]);
    }),
  );

  test(
    "a guest gets the events of a commit by the permissions before and after it",
    within(({ dom0, guest, node }) => {
      for (
        const [path, permissions] of Object.entries({ "/lost": "r0", "/got": "n0", "/never": "n0", "/gone": "r0" })
      ) {
        node(path, permissions);
      }
      const five = guest(5);
      five.watch("/", "t");
      const t = dom0.begin();
      tableOf(
        t,
        ["SET_PERMS", "/lost|n0|", "OK|"],
        ["WRITE", "/lost|x", "OK|"],
        ["SET_PERMS", "/got|r0|", "OK|"],
        ["SET_PERMS", "/never|r0|", "OK|"],
        ["SET_PERMS", "/never|n0|", "OK|"],
        ["RM", "/gone|", "OK|"],
        ["TRANSACTION_END", "T|", "OK|"],
      );
      assertEquals(paths(five), ["/lost", "/got", "/gone"]);
    }),
  );

  test(
    "a guest gets the events of a commit by the permissions of the ancestors at the time of each change",
    within(({ dom0, guest, node }) => {
      const five = guest(5);
      five.watch("/", "t");
      const rows: [first: string, second: string, told: string[]][] = [
        ["WRITE /p/x|", "SET_PERMS /p|n0|", ["/p/x", "/p"]],
        ["SET_PERMS /p|n0|", "WRITE /p/x|", ["/p"]],
        ["WRITE /p/x|", "RM /p|", ["/p"]],
        ["WRITE /p/new|", "SET_PERMS /p|n0|", ["/p/new", "/p"]],
        ["WRITE /p/new|", "RM /p|", ["/p"]],
        ["READ /p/none|", "SET_PERMS /p|n0|", ["/p"]],
      ];
      for (const [first, second, told] of rows) {
        node("/p", "r0");
        node("/p/x", "n0");
        const t = dom0.begin();
        for (const step of [first, second]) {
          const [operation = "", payload] = step.split(" ");
          t.ask(operation as Asked, payload);
        }
        five.events();
        assertEquals(t.commit(), "OK|");
        assertEquals(`${first}, ${second}: ${paths(five).join(" ")}`, `${first}, ${second}: ${told.join(" ")}`);
        tableOf(dom0, ["RM", "/p|", "OK|"]);
      }
    }),
  );

  test(
    "clients with different rights each get only their events",
    within(({ dom0, guest, node, open }) => {
      node("/five", "n5");
      node("/six", "n6");
      const [before, five, six, behind] = [open(), guest(5), guest(6), open()];
      for (const who of [before, five, six, behind]) who.watch("/", "t");
      tableOf(dom0, ["WRITE", "/five|", "OK|"], ["WRITE", "/six|", "OK|"], ["WRITE", "/zero|", "OK|"]);
      const all = ["/five", "/six", "/zero"];
      assertEquals([before, five, six, behind].map(paths), [all, ["/five"], ["/six"], all]);
    }),
  );
});

describe("UNWATCH and RESET_WATCHES", () => {
  test(
    "UNWATCH and RESET_WATCHES keep queued events, and prevent further ones",
    within(({ dom0, guest, node }) => {
      node("/a", "r0");
      const five = guest(5);
      for (const operation of ["UNWATCH", "RESET_WATCHES"] as const) {
        five.watch("/a", "t");
        five.watch("/a/b", "t");
        five.messages();
        tableOf(dom0, ["WRITE", "/a|", "OK|"]);
        const payload = operation === "UNWATCH" ? "/a|t|" : "";
        tableOf(five, [operation, payload, "OK|"]);
        tableOf(dom0, ["WRITE", "/a|", "OK|"]);
        assertEquals(five.messages(), ["WATCH_EVENT /a|t|", `${operation} OK|`]);
        tableOf(five, ["RESET_WATCHES", "", "OK|"]);
        tableOf(dom0, ["WRITE", "/a/b|", "OK|"], ["RM", "/a/b|", "OK|"]);
        five.messages();
        assertEquals(five.events(), [["/a", "t"]]);
      }
    }),
  );

  test(
    "RESET_WATCHES drops the watches and transactions of its connection, and not of others",
    within(({ dom0, guest, open }) => {
      const [five, sibling] = [guest(5), open(5)];
      for (const who of [dom0, five, sibling]) who.watch("/a", "t");
      const [own, other] = [five.begin(), sibling.begin()];
      for (const payload of ["", "|", "junk"]) tableOf(five, ["RESET_WATCHES", payload, "OK|"]);
      table(
        [five, "UNWATCH", "/a|t|", "ENOENT"],
        [own, "READ", "/a|", "ENOENT"],
        [five, "WATCH", "/a|t|", "OK|"],
        [sibling, "WATCH", "/a|t|", "EEXIST"],
        [dom0, "WATCH", "/a|t|", "EEXIST"],
        [other, "TRANSACTION_END", "T|", "OK|"],
      );
    }),
  );

  test(
    "WATCH and UNWATCH ignore an unknown transaction id, and RESET_WATCHES rejects it with ENOENT",
    within(({ dom0 }) => {
      assertEquals(dom0.ask("WATCH", "/a|t|", 99), "OK|");
      assertEquals(dom0.ask("UNWATCH", "/a|t|", 99), "OK|");
      assertEquals(dom0.ask("RESET_WATCHES", "", 99), "ENOENT");
      const t = dom0.begin();
      table([t, "WATCH", "/a|t|", "OK|"], [t, "RESET_WATCHES", "", "OK|"], [t, "TRANSACTION_END", "T|", "ENOENT"]);
    }),
  );
});

/** A list of watches, searched one by one. */
class WatchList {
  readonly watches: Watch[] = [];

  at(path: string): Watch[] {
    return this.watches.filter((watch) => watch.path === path);
  }

  along(path: string): Watch[] {
    return this.watches.filter((watch) => {
      const levels = levelsBelow(watch.path, path);
      return levels !== null && (watch.depth < 0 || levels <= watch.depth);
    });
  }

  /** The existing and watched paths below a path, children first. */
  below(view: View, path: string): string[] {
    const found: string[] = [];
    const visit = (at: string, depth: number): void => {
      for (const { name } of view.get(at)?.children.list() ?? []) {
        visit(at === "/" ? `/${name}` : `${at}/${name}`, depth + 1);
      }
      if (depth > 0 && this.at(at).length > 0) found.push(at);
    };
    visit(path, 0);
    return found;
  }
}

function assertSame(actual: Watch[], expected: Watch[], message: string): void {
  const orders = (watches: Watch[]): number[] => watches.sort(byOrder).map(({ order }) => order);
  assertEquals(orders(actual), orders(expected), message);
}

describe("WatchTrie", () => {
  const NAMES = ["a", "b", "ab", "a-b"];

  function randomPath(random: (limit: number) => number, most: number): string {
    const path = Array.from({ length: random(most + 1) }, () => `/${NAMES[random(NAMES.length)]}`).join("");
    return path === "" ? "/" : path;
  }

  for (const seed of [1, 2, 3]) {
    test(
      `WatchTrie finds the same watches as a list (${seed})`,
      within(({ core, open }) => {
        const random = randomNumbers(seed);
        const connections: Connection[] = [open().connection, open().connection];
        const [trie, list] = [new WatchTrie(), new WatchList()];
        const own = new Permissions([{ domid: 0, rights: 0, ignored: false }]);
        const view = core.view.fork();
        for (let order = 0; order < 1500; order++) {
          if (random(100) < 45) {
            const at = random(Math.max(1, list.watches.length));
            for (const watch of list.watches.splice(at, 1)) trie.remove(watch);
          } else {
            const special = random(12) === 0 ? ["@releaseDomain", "@releaseDomain/1", "@a"][random(3)] : undefined;
            const connection = connections[random(2)];
            assert(connection !== undefined);
            const path = special ?? randomPath(random, 5);
            const watch = { connection, path, token: "", depth: random(5) - 1, prefix: 0, order };
            trie.add(watch);
            list.watches.push(watch);
          }
          const path = random(12) === 0
            ? ["@releaseDomain", "@releaseDomain/1", "@b/1"][random(3)] ?? ""
            : randomPath(random, 6);
          assertSame(trie.at(path), list.at(path), `at ${path}`);
          assertSame(trie.along(path), list.along(path), `along ${path}`);
          const made = randomPath(random, 5);
          if (random(4) === 0 && made !== "/" && view.get(made) !== undefined) view.remove(made);
          else if (view.get(parentPath(made)) !== undefined) view.put(made, "", own);
          const top = randomPath(random, 2);
          const node = view.get(top);
          if (node === undefined || top === "/") continue;
          const found = trie.below(top, node);
          assertEquals(found.map(({ path }) => path), list.below(view, top), `below ${top}`);
          for (const { path, node, parent } of found) {
            assert(node === view.get(path) && parent === view.get(parentPath(path)), path);
          }
        }
        for (const watch of list.watches.splice(0)) trie.remove(watch);
        for (const path of ["/", "/a", "/a/b", "@releaseDomain/1"]) assertEquals(trie.along(path), []);
      }),
    );
  }

  test("remove() ignores a watch that the trie does not have", () => {
    const trie = new WatchTrie();
    const watch = { connection: {} as Connection, path: "/a/b", token: "", depth: -1, prefix: 0, order: 1 };
    trie.remove(watch);
    trie.add(watch);
    trie.remove({ ...watch });
    trie.remove({ ...watch, path: "/a/b/c" });
    assertEquals(trie.at("/a/b"), [watch]);
    trie.remove(watch);
    trie.remove(watch);
    assertEquals(trie.at("/a/b"), []);
  });
});
