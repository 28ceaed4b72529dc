// Watches: which events they bring, to whom, when and in which order; and the trie that finds them, beside a list.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Connection, Watch } from "../../../src/daemon/state/domains.ts";
import { shutDownDomain } from "../../../src/daemon/state/lifecycle.ts";
import { Permissions } from "../../../src/daemon/tree/permissions.ts";
import { parentPath, type View } from "../../../src/daemon/tree/tree.ts";
import { byOrder, WatchTrie } from "../../../src/daemon/state/watches.ts";
import { PAYLOAD_MAX } from "../../../src/wire/header.ts";
import { levelsBelow } from "../../../src/wire/path.ts";
import { randomNumbers } from "../../support/random.ts";
import { type Asked, type Speaker, table, tableOf, type TestStore, within } from "../support.ts";

/** The paths of the events that came. */
function paths(who: Speaker): string[] {
  return who.events().map(([path]) => path);
}

describe("WATCH", () => {
  test(
    "answers first and then brings an event, whatever is at the path and whoever may read it",
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
    "takes a token of any bytes, none included",
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
    "tells watches apart by connection, path and token, not by depth",
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
    "takes a relative path and the absolute one for the same",
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
    "takes and refuses payloads as the C daemon does",
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
    "comes for a change of the path or of what is below it, with the path that changed",
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
    "does not come for what is above or beside the path, for what changes nothing, or for what fails",
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
    "of the root comes for all but special nodes",
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
    "comes before the reply to the request that caused it",
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
    "goes to connections by their age, and within one to watches by theirs",
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
    "has the path in the form in which the watch was set",
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
      // With the home, all of what is in it goes.
      table([dom0, "RM", "/local/domain/5|", "OK|"]);
      assertEquals(five.events(), [["a", "relative"], ["/local/domain/5/a", "absolute"]]);
    }),
  );

  test(
    "that does not fit a message is left out, and nobody else misses anything",
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
    "that waits already is not queued twice, unless it is a special one",
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
  /** A tree whose order is not that of the alphabet. */
  function planted(): (store: TestStore) => Speaker {
    return ({ dom0, node }) => {
      for (const path of ["/t/z/b/d", "/t/z/b/c", "/t/z/a", "/t/z/e/f", "/t/y"]) node(path);
      return dom0;
    };
  }

  test(
    "tells watches right at what is removed, children before their parents, and then those of the top",
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
    "tells them so whatever their depth is",
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
    "tells a watch once",
    within((store) => {
      const dom0 = planted()(store);
      dom0.watch("/t/z", "t");
      tableOf(dom0, ["RM", "/t|", "OK|"], ["RM", "/t|", "OK|"]);
      assertEquals(dom0.events(), [["/t/z", "t"]]);
    }),
  );
});

describe("a depth", () => {
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
      `of ${depth} at ${watched}: told of ${told.join(" ")}`,
      within(({ dom0 }) => {
        dom0.watch(watched, "t", depth);
        for (const path of ["/", "/a", "/a/b", "/a/b/c"]) dom0.ask("WRITE", `${path}|`);
        assertEquals(paths(dom0), told);
      }),
    );
  }

  test(
    "counts below where a relative path leads, and where nothing is watched or made yet",
    within(({ dom0 }) => {
      dom0.watch("x", "t", 1);
      dom0.watch("/far", "t", 2);
      for (const path of ["x/y/z", "x/y", "x", "/far/a/b/c", "/far/a/b"]) dom0.ask("WRITE", `${path}|`);
      assertEquals(paths(dom0), ["x/y", "x", "/far/a/b"]);
    }),
  );

  test(
    "that is no number is 0",
    within(({ dom0 }) => {
      tableOf(dom0, ["WATCH", "/a|t|deep|", "OK|"], ["WATCH", "/a|u||", "OK|"], ["WATCH", "/a|v|1x|", "OK|"]);
      dom0.events();
      tableOf(dom0, ["WRITE", "/a/b|", "OK|"], ["WRITE", "/a|", "OK|"]);
      assertEquals(dom0.events(), [["/a/b", "v"], ["/a", "t"], ["/a", "u"], ["/a", "v"]]);
    }),
  );

  test(
    "is refused to a domain that is not offered the feature",
    within(({ guest, tell }) => {
      tell("SET_FEATURE", "5|10|");
      tell("SET_FEATURE", "6|12|");
      tableOf(guest(5), ["WATCH", "/a|t|0|", "EINVAL"], ["WATCH", "/a|t|", "OK|"]);
      tableOf(guest(6), ["WATCH", "/a|t|0|", "OK|"]);
    }),
  );
});

describe("a special event", () => {
  /** What a plain watch, numbered ones and one on the number itself get of each. */
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
    "of a domain that is introduced comes plain, and numbered to those who gave a depth",
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
    "of a domain that is released comes plain first, behind those of its nodes",
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
    "of a domain that shuts down comes numbered first, once until it resumes",
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
    "is nothing that a client can write",
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

describe("a guest hears", () => {
  test(
    "of what it may read, or of what is below what it may read",
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
      // Removed nodes count as they were.
      assertEquals(told("RM"), may);
    }),
  );

  test(
    "of a node that is made below what it may read, for that is what it takes after",
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
    "of rights that it gets and of rights that it loses",
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
    "of inner nodes of a subtree that is removed by their own rights, and those of what is above them",
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
    "of what its target may read",
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
    "what it changes itself",
    within(({ guest, node }) => {
      node("/five", "n5");
      const five = guest(5);
      five.watch("/five", "t");
      tableOf(five, ["WRITE", "/five/a|", "OK|"], ["RM", "/five|", "OK|"]);
      assertEquals(paths(five), ["/five/a", "/five"]);
    }),
  );

  test(
    "of a commit by the rights from before it and those from after it",
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
    "of a commit by the rights on what is above a node, as they were until its own turn came",
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
    "nothing of what others are told who may read it",
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
    "let events stay that wait already, and prevent others",
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
    "RESET_WATCHES drops all watches and transactions of the connection, and those of no other",
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
    "a transaction's id is nothing to WATCH and UNWATCH, and has to be known for RESET_WATCHES",
    within(({ dom0 }) => {
      assertEquals(dom0.ask("WATCH", "/a|t|", 99), "OK|");
      assertEquals(dom0.ask("UNWATCH", "/a|t|", 99), "OK|");
      assertEquals(dom0.ask("RESET_WATCHES", "", 99), "ENOENT");
      const t = dom0.begin();
      table([t, "WATCH", "/a|t|", "OK|"], [t, "RESET_WATCHES", "", "OK|"], [t, "TRANSACTION_END", "T|", "ENOENT"]);
    }),
  );
});

/** Watches that are found one by one. */
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

  /** The paths below one that exist and are watched, children before their parents. */
  below(view: View, path: string): string[] {
    const found: string[] = [];
    const visit = (at: string, depth: number): void => {
      for (const [name] of view.get(at)?.children.entries() ?? []) {
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

describe("the trie of watches", () => {
  const NAMES = ["a", "b", "ab", "a-b"];

  function randomPath(random: (limit: number) => number, most: number): string {
    const path = Array.from({ length: random(most + 1) }, () => `/${NAMES[random(NAMES.length)]}`).join("");
    return path === "" ? "/" : path;
  }

  for (const seed of [1, 2, 3]) {
    test(
      `finds what a list of them finds (${seed})`,
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

  test("removes a watch that it does not have without harm", () => {
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
