// The locations of pools: which texts are valid, and that text and location agree.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { formatLocation, type Location, parseLocation } from "../../src/pools/mod.ts";

const ssh = { type: "ssh", user: null, host: "store", port: null, path: "/pool" } as const;
const valid: readonly (readonly [text: string, location: Location])[] = [
  ["/pool", { type: "local", path: "/pool" }],
  ["/", { type: "local", path: "/" }],
  ["/a b/é;:@", { type: "local", path: "/a b/é;:@" }],
  ["link+/pool", { type: "link", path: "/pool" }],
  ["ssh://store/pool", ssh],
  ["ssh://store/", { ...ssh, path: "/" }],
  ["ssh://root@store:2222/pool", { ...ssh, user: "root", port: 2222 }],
  ["ssh://192.0.2.7:65535/pool", { ...ssh, host: "192.0.2.7", port: 65535 }],
  ["ssh://store.example./pool", { ...ssh, host: "store.example." }],
  ["ssh://[2001:db8::7]/pool", { ...ssh, host: "2001:db8::7" }],
  ["ssh://backup@[fe80::1%eth0]:22/pool", { ...ssh, user: "backup", host: "fe80::1%eth0", port: 22 }],
  ["ssh://[::]/pool", { ...ssh, host: "::" }],
  ["ssh://[::1]/pool", { ...ssh, host: "::1" }],
  ["ssh://[1:2:3:4:5:6:7:8]/pool", { ...ssh, host: "1:2:3:4:5:6:7:8" }],
  ["ssh://[2001:DB8::A]:1/pool", { ...ssh, host: "2001:DB8::A", port: 1 }],
  ["ssh://[::ffff:192.0.2.7]/pool", { ...ssh, host: "::ffff:192.0.2.7" }],
  ["ssh://[fe80::1%br-0.7_a]/pool", { ...ssh, host: "fe80::1%br-0.7_a" }],
  ["ssh://store/a:b@c:1/d", { ...ssh, path: "/a:b@c:1/d" }],
];
const invalid: readonly string[] = [
  "",
  "pool",
  "./pool",
  "host:/pool",
  "link+pool",
  "link+",
  "link+link+/pool",
  "ssh:/store/pool",
  "ssh://store",
  "ssh://store:/pool",
  "ssh://store:0/pool",
  "ssh://store:65536/pool",
  "ssh://store:22x/pool",
  "ssh://:22/pool",
  "ssh:///pool",
  "ssh://@store/pool",
  "ssh://-oProxyCommand=touch@store/pool",
  "ssh://-oProxyCommand=touch/pool",
  "ssh://sto re/pool",
  "ssh://2001:db8::7/pool",
  "ssh://[store]/pool",
  "ssh://[::1/pool",
  "ssh://[]/pool",
  "ssh://store-/pool",
  "ssh://store../pool",
  "ssh://./pool",
  "sftp://store/pool",
  "/pool/../etc",
  "/pool/..",
  "ssh://store/../etc",
  "/pool\n",
  "/po\0ol",
  "/pool/\ud800",
  "link+/\udc00\ud800",
  "ssh://store/\ud800x",
];

/** What is in brackets, and is no IPv6 address. */
const addresses: readonly string[] = [
  "",
  ":",
  ":::",
  ":::::",
  "::.",
  ".::",
  "1:",
  ":1",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "12345::",
  "g::1",
  "-o::",
  "192.0.2.7",
  "::192.0.2",
  "::192.0.2.256",
  "::192.0.2.7:1",
  "%eth0",
  "fe80::1%",
  "fe80::1%eth0%eth1",
  "fe80::1%eth 0",
  "fe80::1%$(id)",
  "store",
];

describe("parseLocation()", () => {
  for (const [text, location] of valid) {
    test(`parses ${JSON.stringify(text)}, and formatLocation() returns it`, () => {
      assertEquals(parseLocation(text), location);
      assertEquals(formatLocation(location), text);
    });
  }

  test("drops slashes at the end of a path", () => {
    assertEquals(parseLocation("/pool//"), { type: "local", path: "/pool" });
    assertEquals(parseLocation("ssh://store/pool/"), ssh);
    assertEquals(parseLocation("//"), { type: "local", path: "/" });
  });

  test("drops repeated slashes and components that are a dot, which name the same directory", () => {
    for (const path of ["//srv///pool", "/./srv/./pool/.", "/srv/pool/./"]) {
      assertEquals(parseLocation(path), { type: "local", path: "/srv/pool" });
      assertEquals(parseLocation(`link+${path}`), { type: "link", path: "/srv/pool" });
      assertEquals(parseLocation(`ssh://store${path}`), { ...ssh, path: "/srv/pool" });
    }
    assertEquals(parseLocation("/."), { type: "local", path: "/" });
    assertEquals(parseLocation("/.srv/..pool/..."), { type: "local", path: "/.srv/..pool/..." });
  });

  for (
    const [text, quoted] of [
      ["ssh://root:SECRET@store/pool", "ssh://root:***@store/pool"],
      ["ssh://root:SEC@RET@store/pool", "ssh://root:***@store/pool"],
      ["ssh://root:SEC/RET@store/pool", "ssh://root:***@store/pool"],
      ["ssh://:SECRET@store/pool", "ssh://:***@store/pool"],
      ["ssh://[root:SECRET@store]/pool", "ssh://[root:***@store]/pool"],
      ["link+ssh://root:SECRET@store/pool", "link+ssh://root:***@store/pool"],
      ["sftp://root:SECRET@store/pool", "sftp://root:***@store/pool"],
      ["root:SECRET@store:/pool", "root:***@store:/pool"],
    ] as const
  ) {
    test(`refuses ${JSON.stringify(quoted)}, and does not tell the password`, () => {
      const { message } = assertThrows(() => parseLocation(text), RangeError);
      assertEquals(message.startsWith(`the location ${JSON.stringify(quoted)} is invalid: `), true, message);
      assertEquals(/SEC|RET/.test(message), false, message);
    });
  }

  for (const text of invalid) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      const error = assertThrows(() => parseLocation(text), RangeError);
      assertEquals(error.message.startsWith(`the location ${JSON.stringify(text)} is invalid: `), true);
    });
  }

  for (const address of addresses) {
    test(`refuses ${JSON.stringify(address)} in brackets, and says that it is not an IPv6 address`, () => {
      const text = `ssh://root@[${address}]:22/pool`;
      const expected = `the location ${JSON.stringify(text)} is invalid: ${
        JSON.stringify(address)
      } is not an IPv6 address`;
      assertEquals(assertThrows(() => parseLocation(text), RangeError).message, expected);
    });
  }
});
