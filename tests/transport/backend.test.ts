// The names of backends, and the variables of the environment that name one.

import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client, connect, ConnectionError } from "../../mod.ts";
import { defaultAddresses, formatAddress, parseBackend } from "../../src/transport/address.ts";
import { withEnvironment } from "../support/environment.ts";

const found = () => defaultAddresses().map(formatAddress);

describe("parseBackend()", () => {
  const backends: readonly (readonly [string, string | null])[] = [
    ["unix:/run/socket", "unix:/run/socket"],
    ["xenbus:/dev/xen/xenbus", "xenbus:/dev/xen/xenbus"],
    ["embedded:", "embedded:"],
    ["embedded", "embedded:"],
    ["embedded:test", "embedded:test"],
    ["appliance", "embedded:"],
    ["live", null],
  ];
  for (const [text, expected] of backends) {
    test(`reads ${JSON.stringify(text)}`, () => {
      const address = parseBackend(text, "setBackend");
      assertEquals(address === null ? null : formatAddress(address), expected);
    });
  }

  for (const text of ["", "unix", "unix:", "direct", "libvirt:qemu:///session", "live:5", "UNIX:/run/socket"]) {
    test(`throws a TypeError for ${JSON.stringify(text)}`, () => {
      const message = `setBackend: invalid backend ${JSON.stringify(text)}: expected "unix:PATH"`;
      assertThrows(() => parseBackend(text, "setBackend"), TypeError, message);
    });
  }
});

describe("a search", () => {
  test("tries the backend of TSXS_BACKEND alone", async () => {
    await withEnvironment({ TSXS_BACKEND: "unix:/nowhere/socket" }, () => {
      assertEquals(found(), ["unix:/nowhere/socket"]);
    });
  });

  test("takes TSXS_ATTACH_METHOD if TSXS_BACKEND is not set", async () => {
    await withEnvironment({ TSXS_ATTACH_METHOD: "appliance" }, () => assertEquals(found(), ["embedded:"]));
    await withEnvironment({ TSXS_BACKEND: "embedded:new", TSXS_ATTACH_METHOD: "appliance" }, () => {
      assertEquals(found(), ["embedded:new"]);
    });
  });

  test("prefers XENSTORED_PATH", async () => {
    await withEnvironment({ XENSTORED_PATH: "/nowhere/at/all", TSXS_BACKEND: "embedded:" }, () => {
      assertEquals(found(), ["unix:/nowhere/at/all"]);
    });
  });

  test("tries everything if the backend is live", async () => {
    let all: string[] = [];
    await withEnvironment({}, () => void (all = found()));
    await withEnvironment({ TSXS_BACKEND: "live" }, () => assertEquals(found(), all));
  });

  test("fails if the backend is invalid, and tries nothing else", async () => {
    await withEnvironment({ TSXS_BACKEND: "direct" }, async () => {
      await assertRejects(() => connect(), TypeError, 'TSXS_BACKEND: invalid backend "direct"');
    });
  });

  test("names the variable if the backend cannot be reached", async () => {
    await withEnvironment({ TSXS_BACKEND: "unix:/nowhere/socket" }, async () => {
      const error = await assertRejects(() => connect());
      assertEquals(error.message.includes("; TSXS_BACKEND names this address"), true);
    });
  });

  test("connects to an embedded store by the backend of the environment", async () => {
    await withEnvironment({ TSXS_BACKEND: "embedded:" }, async () => {
      await using store = await connect();
      assertEquals(store.address, "embedded:");
    });
  });
});

describe("a client", () => {
  test("connects to the backend that was set last", async () => {
    const store = new Client("unix:/nowhere/socket");
    assertEquals(store.getBackend(), "unix:/nowhere/socket");
    store.setBackend("embedded:");
    await store.connect();
    assertEquals([store.getBackend(), store.address], ["embedded:", "embedded:"]);
    await store.close();
  });

  test("searches if the backend is live", async () => {
    await withEnvironment({ XENSTORED_PATH: "/nowhere/socket" }, async () => {
      const store = new Client("embedded:");
      store.setBackend("live");
      await assertRejects(() => store.connect(), ConnectionError, "unix:/nowhere/socket");
    });
  });

  test("has the backend of the environment, or live", async () => {
    await withEnvironment({}, () => assertEquals(new Client().getBackend(), "live"));
    await withEnvironment({ TSXS_BACKEND: "appliance" }, () => assertEquals(new Client().getBackend(), "appliance"));
  });

  test("refuses another backend while it is connected, and an invalid one always", async () => {
    const store = new Client("embedded:");
    assertThrows(() => store.setBackend("direct"), TypeError, 'setBackend: invalid backend "direct"');
    const connecting = store.connect();
    assertThrows(() => store.setBackend("live"), RangeError, "cannot set the backend");
    await connecting;
    assertThrows(() => store.setBackend("live"), RangeError, "cannot set the backend");
    await store.close();
  });
});
