// Permissions: effective rights, errors, and how permissions are set, read and inherited.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Row, type Speaker, table, tableOf, within } from "../support.ts";

/** The rights of a guest on a node, found by using them: `"rwo"`. */
function rights(who: Speaker, path: string, permissions: string): string {
  const found = [
    ["READ", "", "r"],
    ["WRITE", "x", "w"],
    ["SET_PERMS", `${permissions}|`, "o"],
  ] as const;
  return found.map(([operation, rest, right]) => who.ask(operation, `${path}|${rest}`) === "EACCES" ? "" : right).join(
    "",
  );
}

describe("effective rights", () => {
  const rows: [permissions: string, of5: string, of5for6: string][] = [
    ["n5", "rwo", "rwo"],
    ["n0", "", ""],
    ["r0", "r", "r"],
    ["w0", "w", "w"],
    ["b0", "rw", "rw"],
    ["n0|r5", "r", "r"],
    ["n0|w5", "w", "w"],
    ["n0|b5", "rw", "rw"],
    // An entry for the domain itself decides, even if it grants less.
    ["b0|n5", "", ""],
    ["b0|r5", "r", "r"],
    ["b0|n7", "rw", "rw"],
    // The first entry counts.
    ["n0|r5|b5", "r", "r"],
    ["n0|n5|b5", "", ""],
    ["n0|r7|w5", "w", "w"],
    // The owner has all rights, whatever entries follow.
    ["n5|n5", "rwo", "rwo"],
    ["n5|n6", "rwo", "rwo"],
    // The entries of the target count, too.
    ["n6", "", "rwo"],
    ["n0|r6", "", "r"],
    ["b0|n6", "rw", ""],
    ["n0|n5|b6", "", ""],
    ["n0|r5|b6", "r", "r"],
    ["n0|b6|n5", "", "rw"],
    // Domain 32757 stands for every domain.
    ["n0|r32757", "r", "r"],
    ["n0|b32757|n5", "rw", "rw"],
    ["n0|n5|b32757", "", ""],
    ["b0|n32757", "", ""],
    ["n32757", "rwo", "rwo"],
  ];

  for (const [permissions, of5, of5for6] of rows) {
    test(
      `under ${permissions.replaceAll("|", ",")}, domain 5 has "${of5}", and "${of5for6}" with domain 6 as its target`,
      within(({ guest, node, tell }) => {
        const five = guest(5);
        node("/node", ...permissions.split("|"));
        assertEquals(rights(five, "/node", permissions), of5);
        node("/node", ...permissions.split("|"));
        guest(6);
        tell("SET_TARGET", "5|6|");
        assertEquals(rights(five, "/node", permissions), of5for6);
      }),
    );
  }

  test(
    "domain 0 has all rights on every node",
    within(({ dom0, guest, node }) => {
      guest(5);
      for (const permissions of ["n5", "n5|n0", "n0", "n5|n32757"]) {
        node("/node", ...permissions.split("|"));
        assertEquals(rights(dom0, "/node", permissions), "rwo", permissions);
        tableOf(dom0, ["MKDIR", "/node/a/b|", "OK|"], ["RM", "/node|", "OK|"]);
      }
    }),
  );

  test(
    "domain 0 as the target grants the rights of its entries, but no privileged operation",
    within(({ guest, node, tell }) => {
      node("/owned", "n0");
      node("/granted", "n6", "r0");
      node("/others", "n6");
      const five = guest(5);
      tell("SET_TARGET", "5|0|");
      tableOf(
        five,
        ["WRITE", "/owned|x", "OK|"],
        ["SET_PERMS", "/owned|n0|b5|", "OK|"],
        ["SET_PERMS", "/owned|n5|", "EPERM"],
        ["READ", "/granted|", ""],
        ["WRITE", "/granted|x", "EACCES"],
        ["READ", "/others|", "EACCES"],
        ["INTRODUCE", "9|1|1|", "EACCES"],
        ["CONTROL", "check|", "EACCES"],
      );
    }),
  );

  test(
    "access to a node does not depend on the nodes above it",
    within(({ guest, node }) => {
      node("/closed/open", "b0");
      tableOf(
        guest(5),
        ["READ", "/closed|", "EACCES"],
        ["READ", "/closed/open|", ""],
        ["WRITE", "/closed/open|x", "OK|"],
      );
    }),
  );
});

describe("errors of inaccessible nodes", () => {
  test(
    "a guest gets ENOENT only if it has the needed right on the nearest existing ancestor, and EACCES otherwise",
    within(({ guest, node }) => {
      node("/none", "n0");
      node("/none/x", "n0");
      node("/read", "r0");
      node("/read/x", "n0");
      node("/write", "w0");
      node("/write/x", "n0");
      node("/own", "n5");
      node("/own/x", "n0");
      const [missing, denied] = ["ENOENT", "EACCES"];
      tableOf(
        guest(5),
        ["READ", "/missing|", denied],
        ["READ", "/none/missing|", denied],
        ["READ", "/none/x/missing|", denied],
        ["READ", "/read/missing|", missing],
        ["READ", "/read/missing/x/y|", missing],
        ["READ", "/read/x|", denied],
        ["READ", "/read/x/missing|", denied],
        ["READ", "/write/missing|", denied],
        ["READ", "/own/missing|", missing],
        ["DIRECTORY", "/read/missing|", missing],
        ["DIRECTORY", "/write/missing|", denied],
        ["DIRECTORY_PART", "/read/missing|0|", missing],
        ["DIRECTORY_PART", "/none/missing|0|", denied],
        ["GET_PERMS", "/read/missing|", missing],
        ["GET_PERMS", "/none/missing|", denied],
        ["RM", "/write/missing/x|", missing],
        ["RM", "/write/missing|", "OK|"],
        ["RM", "/read/missing|", denied],
        ["RM", "/read/missing/x|", denied],
        ["RM", "/write/x|", denied],
        ["SET_PERMS", "/write/missing|n5|", missing],
        ["SET_PERMS", "/own/missing|n5|", missing],
        ["SET_PERMS", "/read/missing|n5|", denied],
        ["SET_PERMS", "/own/x|n5|", denied],
        ["WRITE", "/read/missing|x", denied],
        ["MKDIR", "/none/x/missing|", denied],
      );
    }),
  );

  test(
    "an invalid path fails with EINVAL, even if the node is inaccessible",
    within(({ guest }) => tableOf(guest(5), ["READ", "/none//x|", "EINVAL"], ["SET_PERMS", "/a.b|n5|", "EINVAL"])),
  );
});

describe("SET_PERMS", () => {
  test(
    "SET_PERMS needs the owner, a domain with the owner as its target, or domain 0, which alone changes the owner",
    within(({ dom0, guest, node, tell }) => {
      node("/node", "n5", "b6", "b7");
      const [five, six, seven] = [guest(5), guest(6), guest(7)];
      tell("SET_TARGET", "7|5|");
      table(
        [six, "SET_PERMS", "/node|n5|", "EACCES"],
        [six, "SET_PERMS", "/node|n6|", "EACCES"],
        [five, "SET_PERMS", "/node|n6|", "EPERM"],
        [five, "SET_PERMS", "/node|n0|", "EPERM"],
        [five, "SET_PERMS", "/node|n32757|", "EPERM"],
        [seven, "SET_PERMS", "/node|n7|", "EPERM"],
        [dom0, "GET_PERMS", "/node|", "n5|b6|b7|"],
        [five, "SET_PERMS", "/node|r5|w6|", "OK|"],
        [dom0, "GET_PERMS", "/node|", "r5|w6|"],
        [seven, "SET_PERMS", "/node|b5|", "OK|"],
        [dom0, "SET_PERMS", "/node|n6|", "OK|"],
        [five, "SET_PERMS", "/node|n5|", "EACCES"],
        [six, "SET_PERMS", "/node|w6|r0|", "OK|"],
        [dom0, "GET_PERMS", "/node|", "w6|r0|"],
      );
    }),
  );

  const alive = new Set([5]);
  test(
    "SET_PERMS rejects an owner that does not exist; other unknown domains are listed, and get no rights",
    within(({ dom0, guest }) => {
      tableOf(
        dom0,
        ["SET_PERMS", "/tool|n9|", "ENOENT"],
        ["SET_PERMS", "/none/x|n9|", "ENOENT"],
        ["SET_PERMS", "/tool|n-1|", "ENOENT"],
        ["SET_PERMS", "/tool|n32752|", "ENOENT"],
        ["SET_PERMS", "/tool|n5|b9|r65535|", "OK|"],
        ["GET_PERMS", "/tool|", "n5|b9|r65535|"],
        ["SET_PERMS", "/tool|b0|n9|n32756|", "OK|"],
        ["SET_PERMS", "/tool/xenstored|n0|b9|r32757|", "OK|"],
      );
      alive.add(9);
      const nine = guest(9);
      // The listed domain 9 did not exist, so this domain 9 gets no rights.
      table(
        [nine, "READ", "/tool|", ""],
        [nine, "WRITE", "/tool/xenstored|x", "EACCES"],
        [nine, "READ", "/tool/xenstored|", ""],
        [dom0, "SET_PERMS", "/tool/xenstored|n0|b9|", "OK|"],
        [nine, "WRITE", "/tool/xenstored|x", "OK|"],
      );
    }, { domainExists: (domid) => alive.has(domid) }),
  );

  const texts: [text: string, shown: string | null][] = [
    ["r5", "r5"],
    ["n0", "n0"],
    ["w65536", "w65536"],
    ["r05", "r5"],
    ["r010", "r8"],
    ["r0x5", "r5"],
    ["r0X1f", "r31"],
    ["r0xaB", "r171"],
    ["r 5", "r5"],
    ["r\t\n\v\f\r 5", "r5"],
    ["r+5", "r5"],
    ["r-1", "r-1"],
    ["r -0x10", "r-16"],
    ["r-0", "r0"],
    ["r2147483647", "r2147483647"],
    ["r2147483648", "r-2147483648"],
    ["r4294967295", "r-1"],
    ["r4294967296", "r0"],
    ["r4294967301", "r5"],
    ["r9223372036854775807", "r-1"],
    ["r9223372036854775808", "r-1"],
    ["r99999999999999999999999", "r-1"],
    ["r-9223372036854775808", "r0"],
    ["r-99999999999999999999999", "r0"],
    ["", null],
    ["r", null],
    ["5", null],
    ["x5", null],
    ["R5", null],
    [" r5", null],
    ["rabc", null],
    ["r5x", null],
    ["r5 ", null],
    ["r+", null],
    ["r+-5", null],
    ["r- 5", null],
    ["r08", null],
    ["r0x", null],
    ["r0xg", null],
    ["r5.0", null],
    ["rr5", null],
  ];
  test(
    "SET_PERMS parses numbers as strtol does",
    within(({ dom0 }) => {
      for (const [text, shown] of texts) {
        dom0.ask("SET_PERMS", "/tool|b0|");
        const answer = dom0.ask("SET_PERMS", `/tool|n0|${text}|`);
        const given = answer === "OK|" ? dom0.ask("GET_PERMS", "/tool|").split("|")[1] : answer;
        assertEquals(`${JSON.stringify(text)}: ${given}`, `${JSON.stringify(text)}: ${shown ?? "EINVAL"}`);
        if (shown === null) assertEquals(dom0.ask("GET_PERMS", "/tool|"), "b0|");
      }
    }),
  );
});

describe("special nodes", () => {
  test(
    "the permissions of a special node select the guests that get its events, and only domain 0 sets them",
    within(({ dom0, guest, tell }) => {
      const five = guest(5);
      five.watch("@introduceDomain", "i");
      five.watch("@releaseDomain", "r");
      const happens = (): string[] => {
        tell("INTRODUCE", "9|1|1|");
        tell("RELEASE", "9|");
        return five.events().map(([path]) => path);
      };
      assertEquals(happens(), ["@releaseDomain"]);
      table(
        [five, "GET_PERMS", "@releaseDomain|", "n0|r32757|"],
        [five, "GET_PERMS", "@introduceDomain|", "EACCES"],
        [five, "GET_PERMS", "@unknown|", "EACCES"],
        [five, "SET_PERMS", "@releaseDomain|n0|", "EACCES"],
        [five, "SET_PERMS", "@introduceDomain|n0|r5|", "EACCES"],
        [five, "SET_PERMS", "@unknown|n5|", "EACCES"],
        [dom0, "SET_PERMS", "@introduceDomain|n0|r5|", "OK|"],
        [dom0, "SET_PERMS", "@releaseDomain|n0|r6|", "OK|"],
        [dom0, "GET_PERMS", "@introduceDomain|", "n0|r5|"],
        [five, "GET_PERMS", "@introduceDomain|", "n0|r5|"],
        [five, "GET_PERMS", "@releaseDomain|", "EACCES"],
      );
      assertEquals(happens(), ["@introduceDomain"]);
    }),
  );

  test(
    "SET_PERMS of a special node fires no watch",
    within(({ dom0 }) => {
      dom0.watch("@introduceDomain", "i");
      dom0.watch("@introduceDomain", "numbered", 1);
      dom0.watch("/", "all");
      tableOf(dom0, ["SET_PERMS", "@introduceDomain|n0|r5|", "OK|"]);
      assertEquals(dom0.events(), []);
    }),
  );
});

describe("a new node", () => {
  const rows: [above: string, creator: number, node: string][] = [
    ["n0|w5", 5, "n5|w5"],
    ["b0", 5, "b5"],
    ["n6|b5|r9", 0, "n6|b5|r9"],
    ["n6|b5|r9", 5, "n5|b5|r9"],
    ["n5", 5, "n5"],
    ["r5|b6", 6, "r6|b6"],
    ["w32757", 5, "w5"],
    ["n0|b32757", 5, "n5|b32757"],
    ["n0|r5", 5, "EACCES"],
    ["w0|r5", 5, "EACCES"],
  ];
  for (const [above, creator, expected] of rows) {
    test(
      `a node below ${above.replaceAll("|", ",")}, created by domain ${creator}, gets ${expected.replaceAll("|", ",")}`,
      within(({ dom0, guest, node }) => {
        node("/above", ...above.split("|"));
        const who = creator === 0 ? dom0 : guest(creator);
        const answer = expected === "EACCES" ? expected : "OK|";
        const result = expected === "EACCES" ? "ENOENT" : `${expected}|`;
        table(
          [who, "WRITE", "/above/written|x", answer],
          [who, "MKDIR", "/above/made|", answer],
          [dom0, "GET_PERMS", "/above/written|", result],
          [dom0, "GET_PERMS", "/above/made|", result],
          [dom0, "GET_PERMS", "/above|", `${above}|`],
        );
      }),
    );
  }

  test(
    "created nodes inherit from the nearest existing ancestor",
    within(({ dom0, guest, node }) => {
      node("/above", "n0", "w5", "r6");
      const five = guest(5);
      const row = (path: string): Row => [dom0, "GET_PERMS", `${path}|`, "n5|w5|r6|"];
      table([five, "WRITE", "/above/a/b/c|x", "OK|"], row("/above/a"), row("/above/a/b"), row("/above/a/b/c"));
    }),
  );

  test(
    "a created node belongs to the guest that creates it, not to its target",
    within(({ dom0, guest, node, tell }) => {
      node("/above", "n6");
      const five = guest(5);
      guest(6);
      tell("SET_TARGET", "5|6|");
      table([five, "WRITE", "/above/x|", "OK|"], [dom0, "GET_PERMS", "/above/x|", "n5|"]);
    }),
  );

  test(
    "a created node inherits entries of domains that did not exist, and these still grant no rights",
    within(({ dom0, guest, node }) => {
      node("/above", "n0", "r9", "b5");
      const nine = guest(9);
      table(
        [dom0, "MKDIR", "/above/x|", "OK|"],
        [dom0, "GET_PERMS", "/above/x|", "n0|r9|b5|"],
        [nine, "READ", "/above/x|", "EACCES"],
      );
    }, { domainExists: nineComesLater() }),
  );
});

/** Domain 9 does not exist at the first call. */
function nineComesLater(): (domid: number) => boolean {
  let asked = 0;
  return (domid) => domid !== 9 || asked++ > 0;
}
