// The text of addresses, and the addresses that are tried by default.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { defaultAddresses, formatAddress, parseAddress } from "../../src/transport/address.ts";
import { withEnvironment } from "../support/environment.ts";
import { withListener } from "../support/socket.ts";

const devices: Record<string, string[]> = {
  linux: ["xenbus:/dev/xen/xenbus", "xenbus:/proc/xen/xenbus"],
  freebsd: ["xenbus:/dev/xen/xenstore"],
  netbsd: ["xenbus:/kern/xen/xenbus"],
};
const platform = devices[process.platform] ?? ["xenbus:/dev/xen/xenbus"];
const found = () => defaultAddresses().map(formatAddress);

describe("parseAddress()", () => {
  const addresses: [text: string, kind: string, path: string][] = [
    ["unix:/var/run/xenstored/socket", "unix", "/var/run/xenstored/socket"],
    ["unix:relative", "unix", "relative"],
    ["unix:/with:colon and blank\n", "unix", "/with:colon and blank\n"],
    ["xenbus:/dev/xen/xenbus", "xenbus", "/dev/xen/xenbus"],
    ["embedded:", "embedded", ""],
    ["embedded:name", "embedded", "name"],
  ];
  for (const [text, kind, path] of addresses) {
    test(`parseAddress() parses ${JSON.stringify(text)}, and formatAddress() restores the text`, () => {
      const address = parseAddress(text);
      assertEquals({ ...address } as { kind: string; path: string }, { kind, path });
      assertEquals(formatAddress(address), text);
    });
  }

  for (const text of ["", "unix:", "xenbus:", "/var/run/xenstored/socket", "tcp:host", "UNIX:/a", " unix:/a", "unix"]) {
    test(`parseAddress() throws a TypeError for ${JSON.stringify(text)}`, () => {
      assertThrows(() => parseAddress(text), TypeError, `invalid address ${JSON.stringify(text)}`);
    });
  }
});

describe("defaultAddresses()", () => {
  test("defaultAddresses() returns the usual socket and the platform's devices if no variable is set", async () => {
    await withEnvironment({}, () => {
      assertEquals(found(), ["unix:/var/run/xenstored/socket", ...platform]);
    });
  });

  test("defaultAddresses() returns the socket in XENSTORED_RUNDIR and the platform's devices", async () => {
    await withEnvironment({ XENSTORED_RUNDIR: "/run/elsewhere" }, () => {
      assertEquals(found(), ["unix:/run/elsewhere/socket", ...platform]);
    });
  });

  test("defaultAddresses() returns only XENSTORED_PATH, as a socket if nothing exists there", async () => {
    await withEnvironment({ XENSTORED_PATH: "/nowhere/at/all", XENSTORED_RUNDIR: "/run/elsewhere" }, () => {
      assertEquals(found(), ["unix:/nowhere/at/all"]);
    });
  });

  test("defaultAddresses() returns XENSTORED_PATH as a socket if it is one", async () => {
    await withListener(async ({ path }) => {
      await withEnvironment({ XENSTORED_PATH: path }, () => assertEquals(found(), [`unix:${path}`]));
    });
  });

  test("defaultAddresses() returns XENSTORED_PATH as a device if it is one, a file or a directory", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
    const file = join(directory, "file");
    writeFileSync(file, "");
    for (const path of ["/dev/null", file, directory]) {
      await withEnvironment({ XENSTORED_PATH: path }, () => assertEquals(found(), [`xenbus:${path}`]));
    }
    rmSync(directory, { recursive: true });
  });

  test("defaultAddresses() ignores an empty variable", async () => {
    await withEnvironment({ XENSTORED_PATH: "", XENSTORED_RUNDIR: "" }, () => {
      assertEquals(found(), ["unix:/var/run/xenstored/socket", ...platform]);
    });
    await withEnvironment({ XENSTORED_PATH: "", XENSTORED_RUNDIR: "/run/elsewhere" }, () => {
      assertEquals(found(), ["unix:/run/elsewhere/socket", ...platform]);
    });
  });
});
