// What hostile guests write: no list fails, and no domain shows the fields of another.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { type Domain, DomainState, listDomains, XenbusState } from "../../src/domains/mod.ts";
import { endDomain, makeDomain, someDomain } from "../support/domains.ts";

const HOME = "/local/domain/5";
const bytes = (...values: number[]) => new Uint8Array(values);

/** Domain 5, which is hostile, beside the honest domain 6; without libxl's copy of the devices if `isBare`. */
async function hostile(
  nodes: Readonly<Record<string, string | Uint8Array>>,
  isBare = true,
): Promise<{ client: Client; five: Domain } & AsyncDisposable> {
  const client = await connect(new Daemon().connect());
  for (const id of [5, 6]) await makeDomain(client, someDomain(id));
  if (isBare) await client.delete("/libxl/5/device");
  for (const [path, value] of Object.entries(nodes)) await client.write(`${HOME}/${path}`, value);
  const [five, six, ...others] = await listDomains(client);
  assert(five !== undefined && six !== undefined && others.length === 0);
  // Whatever domain 5 writes, domain 6 is listed as it is.
  assertEquals([six.name, six.memory, six.devices[0]?.backend?.state], ["guest-6", 1030, 4]);
  return { client, five, [Symbol.asyncDispose]: () => client.close() };
}

describe("a hostile guest", () => {
  for (
    const [name, value] of [
      ["binary bytes", bytes(0, 1, 2, 255, 254, 0)],
      ["bytes that are not UTF-8", bytes(0xc3, 0x28, 0xf0, 0x90)],
      ["a terminal's escapes", "\u001b]0;owned\u0007\u001b[2J"],
      ["a long value", "x".repeat(2000)],
    ] as const
  ) {
    test(`a guest that writes ${name} everywhere is listed`, async () => {
      const paths = [
        "name",
        "control/shutdown",
        "console/type",
        "console/tty",
        "console/vnc-port",
        "memory/target",
        "memory/static-max",
        "cpu/0/availability",
        "device/vif/0/state",
        "device/vif/0/backend",
      ];
      await using run = await hostile(Object.fromEntries(paths.map((path) => [path, value])));
      const { five } = run;
      assertEquals([five.id, five.memory, five.maxMemory, five.virtualCpus], [5, null, null, 0]);
      assertEquals([five.state, five.reason], [DomainState.shutdown, "request"]);
      assertEquals(five.devices.map(({ backend, frontend }) => [backend, frontend.state]), [[null, 0]]);
      assert((five.evidence.state?.length ?? 0) < 600, "the evidence is short");
      assert(
        [...five.evidence.state ?? ""].every((character) => character >= " "),
        "the evidence has no control character",
      );
    });
  }

  for (
    const [name, backend] of [
      ["another domain's backend", "/local/domain/0/backend/vif/6/0"],
      ["its own frontend, in a loop", `${HOME}/device/vif/0`],
      ["another domain's frontend", "/local/domain/6/device/vif/0"],
      ["the root", "/"],
      ["nothing", ""],
      ["an invalid path", "/local/domain/0//backend/vif/5/0"],
      ["a path with blanks", "/local/domain/0/backend/v f/5/0"],
      ["a path with a newline", "/local/domain/0/backend/vif/5/0\n"],
      ["a missing backend", "/local/domain/0/backend/vif/5/1"],
      ["a domain out of range", "/local/domain/999999/backend/vif/5/0"],
      ["a path of 3,000 bytes", `/local/domain/0/backend/${"v".repeat(3000)}/5/0`],
    ] as const
  ) {
    test(`a frontend that names ${name} as its backend has no backend`, async () => {
      await using run = await hostile({ "device/vif/0/backend": backend });
      assertEquals(run.five.devices.map(({ backend }) => backend), [null]);
    });
  }

  test("a backend that names another frontend is not the backend of the device", async () => {
    await using run = await hostile({});
    await run.client.write("/local/domain/0/backend/vif/5/0/frontend", "/local/domain/6/device/vif/0");
    assertEquals((await listDomains(run.client))[0]?.devices[0]?.backend, null);
  });

  test("the copy of libxl counts, whatever the frontend says", async () => {
    await using run = await hostile({ "device/vif/0/backend": "/local/domain/0/backend/vif/6/0" }, false);
    assertEquals(run.five.devices[0]?.backend?.path, "/local/domain/0/backend/vif/5/0");
  });

  test("a copy that names a frontend of another domain is no device of this one", async () => {
    await using run = await hostile({}, false);
    await run.client.write("/libxl/5/device/vif/0/frontend", "/local/domain/6/device/vif/0");
    assertEquals((await listDomains(run.client))[0]?.devices, []);
  });

  for (const state of ["9", "-1", "04", "4 ", "0x4", "4.0", "99999999999999999999"]) {
    test(`the state ${JSON.stringify(state)} of a device is unknown`, async () => {
      await using run = await hostile({ "device/vif/0/state": state });
      assertEquals(run.five.devices[0]?.frontend.state, XenbusState.unknown);
    });
  }

  for (const value of ["-1", "1e3", "0x10", " 1", "01", "99999999999999999999", "", "NaN"]) {
    test(`the memory ${JSON.stringify(value)} is not known`, async () => {
      await using run = await hostile({ "memory/target": value });
      assertEquals(run.five.memory, null);
    });
  }

  test("directories of thousands of devices are cut, and the domain says so", async () => {
    await using run = await hostile({});
    const paths = Array.from({ length: 600 }, (_, i) => `${HOME}/device/vif/${i}/backend`);
    const more = Array.from({ length: 600 }, (_, i) => `${HOME}/device/vbd/${i}/backend`);
    for (const path of [...paths, ...more]) await run.client.write(path, "x");
    const [five] = await listDomains(run.client);
    assertEquals([five?.devices.length, five?.hasMoreDevices], [1024, true]);
  });

  test("a directory that does not fit a reply hides the devices of its kind alone", async () => {
    await using run = await hostile({});
    for (let i = 0; i < 100; i++) {
      await run.client.write(`${HOME}/device/vbd/${"x".repeat(60)}${i}/backend`, "x");
    }
    const [five] = await listDomains(run.client);
    assertEquals([five?.devices.map(({ kind }) => kind), five?.hasMoreDevices], [["vif"], true]);
  });

  test("thousands of virtual CPUs are not counted", async () => {
    await using run = await hostile({});
    for (let i = 0; i < 1500; i++) await run.client.mkdir(`${HOME}/cpu/${i}`);
    const [five] = await listDomains(run.client);
    assertEquals([five?.virtualCpus, five?.maxVirtualCpus], [null, null]);
  });

  for (
    const vm of [
      "/vm/../6",
      "/local/domain/6",
      `${someDomain(6).uuid}`,
      `/vm/${someDomain(6).uuid}/..`,
      "/vm/",
      "/vm/not-a-uuid",
    ]
  ) {
    test(`the node vm ${JSON.stringify(vm)} gives no UUID`, async () => {
      await using run = await hostile({ vm });
      assertEquals([run.five.uuid, run.five.name], [null, "guest-5"]);
    });
  }

  test("a UUID in capital letters is written in small ones", async () => {
    await using run = await hostile({ vm: "/vm/ABCDEF00-0000-4000-8000-00000000000A" });
    assertEquals(run.five.uuid, "abcdef00-0000-4000-8000-00000000000a");
  });

  test("a domain whose nodes its guest removed is listed by what is left", async () => {
    await using run = await hostile({});
    const left = await run.client.list(HOME);
    for (const name of left.filter((name) => name !== "name")) await run.client.delete(`${HOME}/${name}`);
    const [five] = await listDomains(run.client);
    assertEquals([five?.name, five?.uuid, five?.memory, five?.console, five?.devices], [
      "guest-5",
      null,
      null,
      null,
      [],
    ]);
    await endDomain(run.client, someDomain(5));
    assertEquals((await listDomains(run.client)).map(({ id }) => id), [6]);
  });
});
