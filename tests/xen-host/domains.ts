// The list of domains beside `xl list`, and shutdowns of a real guest. In a guest: what a guest may not list.

import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Client, connect, XenStoreError } from "../../mod.ts";
import { countDomains, type Domain, listDomains } from "../../src/domains/mod.ts";
import { timeout } from "../support/limits.ts";

const place = process.env.TSXS_XEN;
if (place !== "dom0" && place !== "guest") {
  throw new Error(`TSXS_XEN is ${place}: expected "dom0" or "guest"`);
}
const runtime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const run = promisify(execFile);
/** The smallest guest that obeys: Linux calls these two programs. */
const OBEY: Readonly<Record<string, string>> = { poweroff: "poweroff -f", reboot: "reboot -f" };

/** Starts a guest that does nothing until it is asked to shut down. */
async function startSmallGuest(name: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "small-"));
  try {
    for (const folder of ["bin", "sbin", "proc"]) mkdirSync(join(directory, "root", folder), { recursive: true });
    execFileSync("cp", ["/bin/busybox", join(directory, "root/bin/busybox")]);
    symlinkSync("busybox", join(directory, "root/bin/sh"));
    const script = (file: string, text: string) =>
      writeFileSync(join(directory, "root", file), `#!/bin/busybox sh\n${text}\n`, { mode: 0o755 });
    script("init", "/bin/busybox tail -f /dev/null");
    for (const [file, command] of Object.entries(OBEY)) script(`sbin/${file}`, `exec /bin/busybox ${command}`);
    // xl reads the ramdisk again at each reboot.
    const ramdisk = `/tmp/${name}.cpio`;
    execFileSync("sh", ["-c", `cd ${join(directory, "root")} && find . | cpio -o -H newc >${ramdisk}`]);
    const config = join(directory, "config");
    writeFileSync(
      config,
      [
        `name = "${name}"`,
        'type = "pv"',
        'kernel = "/boot/vmlinuz"',
        `ramdisk = "${ramdisk}"`,
        'extra = "console=hvc0 quiet"',
        "memory = 128",
        "vcpus = 1",
      ].join("\n"),
    );
    await run("xl", ["create", "-q", config]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The names and numbers of `xl list`, without domains that xl still builds: xl lists those, and the store does not. */
async function xlList(client: Client): Promise<string[]> {
  const { stdout } = await run("xl", ["list"]);
  const found: string[] = [];
  for (const line of stdout.trim().split("\n").slice(1)) {
    const [name = "", id = ""] = line.trim().split(/\s+/);
    if (await client.isDomainIntroduced(Number(id))) found.push(`${name} ${id}`);
  }
  return found.sort();
}

/** The list beside `xl list`. Another domain may start or end in between: then both are taken again. */
async function bothLists(client: Client): Promise<{ ours: Domain[]; names: string[]; xl: string[] }> {
  for (;;) {
    const before = await xlList(client);
    const ours = await listDomains(client);
    const xl = await xlList(client);
    if (`${before}` === `${xl}`) return { ours, names: ours.map(({ id, name }) => `${name} ${id}`).sort(), xl };
  }
}

/** The guest of this name, once its kernel has announced that it obeys a request. */
async function ready(client: Client, name: string, request: string): Promise<Domain> {
  const found = (await listDomains(client)).find((domain) => domain.name === name);
  assert(found !== undefined && found.id !== null, `${name} is listed`);
  await client.waitFor(`/local/domain/${found.id}/control/feature-${request}`, (value) => value?.[0] === 49);
  return found;
}

if (place === "guest") {
  test("guest: listDomains() and countDomains() fail with EACCES", { timeout }, async () => {
    await using client = await connect();
    await assertRejects(() => listDomains(client), XenStoreError, "EACCES");
    await assertRejects(() => countDomains(client), XenStoreError, "EACCES");
  });
} else {
  test("dom0: the list is that of xl before, during and after the life of a guest", { timeout }, async () => {
    const name = `small-${runtime}`;
    await using client = await connect();
    const before = await bothLists(client);
    assertEquals(before.names, before.xl);
    assert(!before.names.some((line) => line.startsWith(`${name} `)));

    await startSmallGuest(name);
    const during = await bothLists(client);
    assertEquals(during.names, during.xl);
    const guest = await ready(client, name, "reboot");
    const uuid = (await run("xl", ["list", "-v", name])).stdout.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/)
      ?.[0];
    assertEquals([guest.uuid, guest.type, guest.memory, guest.virtualCpus], [uuid ?? "", "pv", 128 * 1024, 1]);
    assertEquals([guest.reason, guest.isActive], ["introduced", true]);

    assertEquals(await guest.requestShutdown("reboot"), { kind: "reboot", isPromised: true });
    const end = await guest.waitForEnd();
    assertEquals(end.type, "rebooted");
    assert(end.id !== null && end.id !== guest.id);

    const again = await ready(client, name, "poweroff");
    assertEquals([again.id, again.uuid], [end.id, guest.uuid]);
    assertEquals(await again.requestShutdown("poweroff"), { kind: "poweroff", isPromised: true });
    assertEquals(await again.waitForEnd(), { type: "ended", id: null });

    // xl removes what is left after the store has reported the end.
    const home = `/local/domain/${again.id}`;
    await client.waitFor(home, (value) => value === null);
    const after = await bothLists(client);
    assertEquals(after.names, after.xl);
    assert(!after.names.some((line) => line.startsWith(`${name} `)));
    rmSync(`/tmp/${name}.cpio`, { force: true });
  });
}
