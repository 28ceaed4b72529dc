// The life of domains, their targets, and the features that they are offered.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { endDomain, introduceDomain, shutDownDomain } from "../../../src/daemon/state/lifecycle.ts";
import { type Asked, type Speaker, table, tableOf, type TestStore, within } from "../support.ts";

const PRIVILEGED: readonly (readonly [Asked, string])[] = [
  ["CONTROL", "check|"],
  ["INTRODUCE", "6|1|1|"],
  ["RELEASE", "6|"],
  ["RESUME", "6|"],
  ["SET_TARGET", "5|6|"],
  ["IS_DOMAIN_INTRODUCED", "5|"],
  ["SET_FEATURE", "7|0|"],
  ["GET_QUOTA", "nodes|"],
  ["SET_QUOTA", "nodes|1|"],
];

/** Texts that are not a domid. */
const NO_DOMIDS = ["abc", "5x", "x5", "-1", "65536", "70000", "99999999999999999999", "5 ", "0x5", "+", "5.0", "--5"];

/** The paths of the events that arrived. */
function paths(who: Speaker): string[] {
  return who.events().map(([path]) => path);
}

function shutDown({ core }: TestStore, domid: number): void {
  const domain = core.introduced(domid);
  assert(domain !== undefined);
  shutDownDomain(core, domain);
}

describe("privileged operations", () => {
  test(
    "privileged operations reject guests with EACCES before any other check, whatever their target",
    within(({ guest, tell }) => {
      const [five, six] = [guest(5), guest(6)];
      tell("SET_TARGET", "6|0|");
      for (const who of [five, six]) {
        for (const [operation, payload] of PRIVILEGED) {
          for (const one of [payload, "", "junk"]) assertEquals(who.ask(operation, one), "EACCES", `${operation}`);
          assertEquals(who.ask(operation, payload, 99), "EACCES");
        }
      }
    }),
  );
});

describe("INTRODUCE", () => {
  test(
    "INTRODUCE lets a domain connect",
    within(({ core, dom0, open }) => {
      const error = assertThrows(() => open(5), RangeError, "domain 5");
      assertEquals(error.message, "cannot connect as domain 5: it is not introduced");
      tableOf(dom0, ["INTRODUCE", "5|1|1|", "OK|"], ["IS_DOMAIN_INTRODUCED", "5|", "T|"]);
      tableOf(open(5), ["GET_DOMAIN_PATH", "5|", "/local/domain/5|"]);
      assertEquals(core.guests, 1);
    }),
  );

  test(
    "INTRODUCE accepts any frame number, and any port except 0",
    within(({ dom0 }) => {
      const rows: [payload: string, answer: string][] = [
        ["5|1|1|", "OK|"],
        ["05|x||7x|", "EINVAL"],
        ["5|18446744073709551615|7|", "OK|"],
        ["5|junk|7x|", "OK|"],
        ["5||4294967295|", "OK|"],
        ["5|1|-5|", "OK|"],
        ["5|1|1|more|", "OK|"],
        ["5|1|1|not terminated", "OK|"],
        ["007|1|1|", "OK|"],
        ["|1|1|", "OK|"],
        ["0|1|1|", "OK|"],
        ["5|1|0|", "EINVAL"],
        ["5|1|x|", "EINVAL"],
        ["5|1||", "EINVAL"],
        ["5|1|", "EINVAL"],
        ["5|1|1", "EINVAL"],
        ["5|", "EINVAL"],
        ["", "EINVAL"],
        ["32752|1|1|", "EINVAL"],
        ["32757|1|1|", "EINVAL"],
        ["65535|1|1|", "EINVAL"],
        ...NO_DOMIDS.map((text): [string, string] => [`${text}|1|1|`, "EINVAL"]),
      ];
      for (const [payload, answer] of rows) {
        assertEquals(`${payload} ${dom0.ask("INTRODUCE", payload)}`, `${payload} ${answer}`);
      }
      for (const [domid, answer] of [["7", "T|"], ["8", "F|"], ["32757", "F|"], ["65535", "F|"]] as const) {
        assertEquals(dom0.ask("IS_DOMAIN_INTRODUCED", `${domid}|`), answer, domid);
      }
    }),
  );

  test(
    "INTRODUCE rejects a domain that does not exist in the hypervisor",
    within(({ core, dom0 }) => {
      tableOf(
        dom0,
        ["INTRODUCE", "9|1|1|", "EINVAL"],
        ["INTRODUCE", "5|1|1|", "OK|"],
        ["IS_DOMAIN_INTRODUCED", "9|", "F|"],
      );
      assertThrows(() => introduceDomain(core, 9), RangeError, "cannot introduce domain 9: it does not exist");
    }, { domainExists: (domid) => domid === 5 }),
  );

  test(
    "a second INTRODUCE drops the domain's connections and transactions, fires no watch and keeps its nodes",
    within(({ core, dom0, guest, node, open, tree }) => {
      node("/five", "n5");
      const [five, again] = [guest(5), guest(5)];
      const dropped: string[] = [];
      five.connection.onDropped = () => dropped.push("first");
      again.connection.onDropped = () => dropped.push("second");
      five.watch("/five", "t");
      const t = five.begin();
      tableOf(t, ["WRITE", "/five/x|", "OK|"]);
      dom0.watch("/", "t");
      dom0.watch("@introduceDomain", "t");
      const before = tree();
      tableOf(dom0, ["INTRODUCE", "5|1|1|", "OK|"]);
      assertEquals([dropped, dom0.events(), tree()], [["first", "second"], [], before]);
      assertEquals(core.introduced(5)?.connections.size, 0);
      const fresh = open(5);
      tableOf(fresh, ["UNWATCH", "/five|t|", "ENOENT"], ["WRITE", "/five|x", "OK|"]);
      assertEquals([five.messages().length > 0, fresh.begin().id], [true, 1]);
    }),
  );

  test(
    "INTRODUCE of domain 0 changes nothing",
    within(({ dom0 }) => {
      dom0.watch("/tool", "t");
      tableOf(dom0, ["INTRODUCE", "0|1|1|", "OK|"], ["WRITE", "/tool|", "OK|"]);
      assertEquals(paths(dom0), ["/tool"]);
    }),
  );
});

describe("RELEASE", () => {
  test(
    "RELEASE accepts only the number of an introduced guest",
    within(({ dom0, guest, tell }) => {
      guest(5);
      tell("SET_QUOTA", "6|nodes|1|");
      tableOf(
        dom0,
        ["RELEASE", "0|", "EINVAL"],
        ["RELEASE", "|", "EINVAL"],
        ["RELEASE", "", "EINVAL"],
        ["RELEASE", "5", "EINVAL"],
        ["RELEASE", "5|5|", "EINVAL"],
        ["RELEASE", "6|", "ENOENT"],
        ["RELEASE", "7|", "ENOENT"],
        ["RELEASE", "32752|", "ENOENT"],
        ["RELEASE", "005|", "OK|"],
        ["RELEASE", "5|", "ENOENT"],
      );
      for (const text of NO_DOMIDS) assertEquals(dom0.ask("RELEASE", `${text}|`), "EINVAL", text);
    }),
  );

  test(
    "RELEASE drops the domain's connections, watches and transactions",
    within(({ core, dom0, guest, open }) => {
      const [five, other] = [guest(5), guest(5)];
      let dropped = 0;
      for (const who of [five, other]) {
        who.watch("/tool", "t");
        who.begin();
        who.connection.onDropped = () => dropped++;
      }
      tableOf(dom0, ["RELEASE", "5|", "OK|"], ["IS_DOMAIN_INTRODUCED", "5|", "F|"], ["WRITE", "/tool|", "OK|"]);
      assertEquals([dropped, core.guests, five.connection.outbox.length], [2, 0, 0]);
      assertEquals(core.events.trie.at("/tool"), []);
      assertThrows(() => open(5), RangeError);
    }),
  );

  test(
    "RELEASE removes the domain's nodes with everything below them, and keeps other nodes",
    within(({ dom0, guest, node, tree }) => {
      const five = guest(5);
      node("/local/domain/5", "n5");
      node("/mixed", "n0", "w5");
      tableOf(five, ["WRITE", "a/b|", "OK|"], ["WRITE", "/mixed/c/d|", "OK|"]);
      node("/local/domain/5/of0", "n0");
      node("/local/domain/5/of0/of6", "n6");
      node("/mixed/of6", "n6");
      node("/mixed/of6/of5", "n5", "r6");
      tableOf(dom0, ["RELEASE", "5|", "OK|"]);
      assertEquals(tree("/local"), ["/local= n0", "/local/domain= n0"]);
      assertEquals(tree("/mixed"), ["/mixed= n0", "/mixed/of6= n6"]);
      assertEquals(tree("/mixed/of6/of5"), []);
    }),
  );

  test(
    "RELEASE removes the domain from the permissions of other nodes, and fires no watch for them",
    within(({ dom0, guest, node, tree }) => {
      guest(5);
      node("/a", "b0", "r5", "r6", "w5");
      node("/a/b", "n6", "n5");
      node("/a/b/c", "r0", "r50");
      dom0.watch("/", "t");
      tableOf(
        dom0,
        ["SET_PERMS", "@introduceDomain|n0|r5|", "OK|"],
        ["RELEASE", "5|", "OK|"],
        ["GET_PERMS", "@introduceDomain|", "n0|"],
      );
      assertEquals(tree("/a"), ["/a= b0,r6", "/a/b= n6", "/a/b/c= r0,r50"]);
      assertEquals(dom0.events(), []);
    }),
  );

  test(
    "RELEASE fires watches as RM does, in the order of the tree, and @releaseDomain last",
    within(({ dom0, guest, node }) => {
      const five = guest(5);
      for (const path of ["/z", "/a", "/m"]) node(path, "n5");
      node("/z/b/c", "n5");
      node("/k", "n0");
      node("/k/of5", "n5");
      five.watch("/", "t");
      for (const path of ["@releaseDomain", "/z/b", "/", "/k/of5"]) dom0.watch(path, path);
      tableOf(dom0, ["RELEASE", "5|", "OK|"]);
      assertEquals(dom0.events(), [
        ["/z/b", "/z/b"],
        ["/z", "/"],
        ["/a", "/"],
        ["/m", "/"],
        ["/k/of5", "/"],
        ["/k/of5", "/k/of5"],
        ["@releaseDomain", "@releaseDomain"],
      ]);
      assertEquals(five.connection.outbox.length, 0);
    }),
  );

  test(
    "RELEASE gives the root and the special nodes of the domain to domain 0",
    within(({ dom0, guest, node, tree }) => {
      guest(5);
      node("/", "r5", "w5", "w6");
      node("/kept", "n0");
      tableOf(
        dom0,
        ["SET_PERMS", "@introduceDomain|b5|n6|", "OK|"],
        ["RELEASE", "5|", "OK|"],
        ["GET_PERMS", "@introduceDomain|", "b0|n6|"],
        ["CONTROL", "check|", "OK|"],
      );
      assertEquals(tree()[0], "/= r0,w6");
      assertEquals(tree("/kept"), ["/kept= n0"]);
      tableOf(guest(5), ["SET_PERMS", "/|n5|", "EACCES"], ["READ", "/|", ""]);
    }),
  );

  test(
    "RELEASE removes the domain as a target of other domains",
    within(({ dom0, guest, node }) => {
      const six = guest(6);
      guest(5);
      tableOf(dom0, ["SET_TARGET", "6|5|", "OK|"], ["RELEASE", "5|", "OK|"]);
      guest(5);
      node("/five", "n5");
      tableOf(six, ["READ", "/five|", "EACCES"]);
    }),
  );

  test(
    "RELEASE resets the domain's quotas, features and target",
    within(({ dom0, guest }) => {
      tableOf(dom0, ["SET_FEATURE", "5|2|", "OK|"], ["SET_QUOTA", "5|nodes|7|", "OK|"]);
      guest(5);
      tableOf(dom0, ["SET_TARGET", "5|0|", "OK|"], ["RELEASE", "5|", "OK|"]);
      const five = guest(5);
      table(
        [five, "GET_FEATURE", "", "14|"],
        [dom0, "GET_QUOTA", "5|nodes|", "1000|"],
        [five, "READ", "/tool|", "EACCES"],
      );
    }),
  );

  test(
    "the end of a domain that was not introduced removes its nodes and rights, and fires no watch",
    within(({ core, dom0, node, tree }) => {
      node("/five", "n5");
      node("/zero", "n0", "r5");
      dom0.watch("@releaseDomain", "t");
      const domain = core.existing(5);
      assert(domain !== undefined);
      endDomain(core, domain);
      assertEquals([tree("/five"), tree("/zero"), dom0.events()], [[], ["/zero= n0"], []]);
      endDomain(core, domain);
    }),
  );
});

describe("a domain that shuts down", () => {
  test(
    "a domain that shuts down keeps its nodes and connections, and fires @releaseDomain once until RESUME",
    within((store) => {
      const { dom0, guest, node } = store;
      node("/five", "n5");
      const five = guest(5);
      five.watch("/five", "t");
      dom0.watch("@releaseDomain", "t");
      shutDown(store, 5);
      shutDown(store, 5);
      assertEquals(paths(dom0), ["@releaseDomain"]);
      table(
        [five, "WRITE", "/five|x", "OK|"],
        [dom0, "IS_DOMAIN_INTRODUCED", "5|", "T|"],
        [dom0, "RESUME", "5|", "OK|"],
      );
      assertEquals(paths(five), ["/five"]);
      assertEquals(paths(dom0), []);
      shutDown(store, 5);
      assertEquals(paths(dom0), ["@releaseDomain"]);
      tableOf(dom0, ["RELEASE", "5|", "OK|"]);
      assertEquals(paths(dom0), ["@releaseDomain"]);
      guest(5);
      shutDown(store, 5);
      assertEquals(paths(dom0), ["@releaseDomain"]);
    }),
  );

  test(
    "the shutdown of domain 0 or of a domain that is not introduced fires no watch",
    within((store) => {
      store.dom0.watch("@releaseDomain", "t");
      shutDown(store, 0);
      const domain = store.core.existing(5);
      assert(domain !== undefined);
      shutDownDomain(store.core, domain);
      assertEquals(store.dom0.events(), []);
    }),
  );
});

describe("RESUME", () => {
  test(
    "RESUME accepts only the number of an introduced guest",
    within(({ dom0, guest }) => {
      guest(5);
      tableOf(
        dom0,
        ["RESUME", "5|", "OK|"],
        ["RESUME", "0|", "EINVAL"],
        ["RESUME", "6|", "ENOENT"],
        ["RESUME", "5|5|", "EINVAL"],
        ["RESUME", "", "EINVAL"],
      );
      for (const text of NO_DOMIDS) assertEquals(dom0.ask("RESUME", `${text}|`), "EINVAL", text);
    }),
  );
});

describe("SET_TARGET", () => {
  test(
    "SET_TARGET accepts only two introduced domains",
    within(({ dom0, guest }) => {
      guest(5);
      guest(6);
      tableOf(
        dom0,
        ["SET_TARGET", "5|6|", "OK|"],
        ["SET_TARGET", "5|0|", "OK|"],
        ["SET_TARGET", "5|5|", "OK|"],
        ["SET_TARGET", "5|6|more|", "OK|"],
        ["SET_TARGET", "5|6|not terminated", "OK|"],
        ["SET_TARGET", "5|7|", "ENOENT"],
        ["SET_TARGET", "7|5|", "ENOENT"],
        ["SET_TARGET", "5|", "EINVAL"],
        ["SET_TARGET", "5|6", "EINVAL"],
        ["SET_TARGET", "", "EINVAL"],
      );
      for (const text of NO_DOMIDS) {
        assertEquals(dom0.ask("SET_TARGET", `${text}|6|`), "EINVAL", text);
        assertEquals(dom0.ask("SET_TARGET", `5|${text}|`), "EINVAL", text);
      }
    }),
  );

  test(
    "SET_TARGET replaces the former target",
    within(({ dom0, guest, node }) => {
      const five = guest(5);
      for (const domid of [6, 7]) {
        guest(domid);
        node(`/of${domid}`, `n${domid}`);
      }
      const rows = [["6", "", "EACCES"], ["7", "EACCES", ""], ["5", "EACCES", "EACCES"]] as const;
      for (const [target, of6, of7] of rows) {
        table([dom0, "SET_TARGET", `5|${target}|`, "OK|"], [five, "READ", "/of6|", of6], [five, "READ", "/of7|", of7]);
      }
    }),
  );
});

describe("IS_DOMAIN_INTRODUCED and GET_DOMAIN_PATH", () => {
  test(
    "IS_DOMAIN_INTRODUCED tells whether a domain may connect",
    within(({ dom0, guest, tell }) => {
      guest(5);
      tell("SET_QUOTA", "6|nodes|1|");
      tableOf(
        dom0,
        ["IS_DOMAIN_INTRODUCED", "0|", "T|"],
        ["IS_DOMAIN_INTRODUCED", "|", "T|"],
        ["IS_DOMAIN_INTRODUCED", "5|", "T|"],
        ["IS_DOMAIN_INTRODUCED", "05|", "T|"],
        ["IS_DOMAIN_INTRODUCED", "6|", "F|"],
        ["IS_DOMAIN_INTRODUCED", "32752|", "T|"],
        ["IS_DOMAIN_INTRODUCED", "65535|", "F|"],
        ["IS_DOMAIN_INTRODUCED", "5", "EINVAL"],
        ["IS_DOMAIN_INTRODUCED", "5|5|", "EINVAL"],
        ["IS_DOMAIN_INTRODUCED", "", "EINVAL"],
      );
      for (const text of NO_DOMIDS) assertEquals(dom0.ask("IS_DOMAIN_INTRODUCED", `${text}|`), "EINVAL", text);
    }),
  );

  test(
    "GET_DOMAIN_PATH returns the home of any domain, to guests as well",
    within(({ dom0, guest }) => {
      for (const who of [dom0, guest(5)]) {
        tableOf(
          who,
          ["GET_DOMAIN_PATH", "5|", "/local/domain/5|"],
          ["GET_DOMAIN_PATH", "007|", "/local/domain/7|"],
          ["GET_DOMAIN_PATH", "0|", "/local/domain/0|"],
          ["GET_DOMAIN_PATH", "|", "/local/domain/0|"],
          ["GET_DOMAIN_PATH", "65535|", "/local/domain/65535|"],
          ["GET_DOMAIN_PATH", "5", "EINVAL"],
          ["GET_DOMAIN_PATH", "5|x|", "EINVAL"],
          ["GET_DOMAIN_PATH", "", "EINVAL"],
        );
        for (const text of NO_DOMIDS) assertEquals(who.ask("GET_DOMAIN_PATH", `${text}|`), "EINVAL", text);
      }
    }),
  );
});

describe("GET_FEATURE and SET_FEATURE", () => {
  test(
    "GET_FEATURE returns a guest's own features to it, and those of every domain to domain 0",
    within(({ dom0, guest }) => {
      const five = guest(5);
      table(
        [dom0, "GET_FEATURE", "", "14|"],
        [five, "GET_FEATURE", "", "14|"],
        [five, "GET_FEATURE", "5|", "EACCES"],
        [dom0, "GET_FEATURE", "5|", "14|"],
        [dom0, "GET_FEATURE", "0|", "14|"],
        [dom0, "GET_FEATURE", "x|", "EINVAL"],
        [dom0, "GET_FEATURE", "5|5|", "EINVAL"],
      );
    }),
  );

  test(
    "SET_FEATURE sets a domain's features until the domain is introduced",
    within(({ dom0, guest }) => {
      tableOf(
        dom0,
        ["SET_FEATURE", "5|6|", "OK|"],
        ["GET_FEATURE", "5|", "6|"],
        ["SET_FEATURE", "5|0|", "OK|"],
        ["GET_FEATURE", "5|", "0|"],
        ["SET_FEATURE", "5|10|", "OK|"],
        ["SET_FEATURE", "5|1|", "EINVAL"],
        ["SET_FEATURE", "5|15|", "EINVAL"],
        ["SET_FEATURE", "5|16|", "EINVAL"],
        ["SET_FEATURE", "5|-1|", "EINVAL"],
        ["SET_FEATURE", "x|2|", "EINVAL"],
        ["SET_FEATURE", "5|", "EINVAL"],
        ["SET_FEATURE", "5|2|2|", "EINVAL"],
        ["SET_FEATURE", "0|2|", "EBUSY"],
      );
      const five = guest(5);
      table(
        [five, "GET_FEATURE", "", "10|"],
        [dom0, "SET_FEATURE", "5|2|", "EBUSY"],
        [dom0, "GET_FEATURE", "5|", "10|"],
        [dom0, "GET_FEATURE", "6|", "14|"],
      );
    }),
  );

  test(
    "the operations on features and quotas reject a domain that does not exist, and domain 32757",
    within(({ core, dom0 }) => {
      tableOf(
        dom0,
        ["GET_FEATURE", "9|", "ENOENT"],
        ["SET_FEATURE", "9|2|", "ENOENT"],
        ["GET_QUOTA", "9|nodes|", "ENOENT"],
        ["SET_QUOTA", "9|nodes|1|", "ENOENT"],
        ["SET_FEATURE", "32757|2|", "ENOENT"],
        ["SET_QUOTA", "32757|nodes|1|", "ENOENT"],
        ["GET_FEATURE", "5|", "14|"],
      );
      assertEquals([...core.domains.keys()], [0, 5]);
    }, { domainExists: (domid) => domid === 5 }),
  );
});
