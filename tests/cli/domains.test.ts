// `domains`, `shutdown`, `reboot` and `suspend`.

import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { utf8Of } from "../../src/cli/bytes.ts";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { Directory } from "../support/directory.ts";
import { endGuest, startGuest } from "../support/guests.ts";
import { uuidFor } from "../support/domains.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";

const web = { id: 5, name: "web", uuid: uuidFor(1) };
const db = { id: 6, name: "d\u00e9\x1b[31m", uuid: uuidFor(2) };

/** Runs the command on a store with two domains, one of which has a hostile name. */
async function withStore(body: (run: (...args: string[]) => Promise<Ran>, store: Client) => Promise<void>) {
  await inStore((store, tsxs) => body((...args) => tsxs(args), store));
}

async function inStore(
  body: (store: Client, tsxs: (args: readonly string[], setting?: Setting) => Promise<Ran>) => Promise<void>,
): Promise<void> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  await startGuest(store, web);
  await startGuest(store, db);
  await body(store, (args, setting) => run(() => daemon.connect(), ["tsxs", ...args], setting));
}

describe("tsxs domains", () => {
  test("domains prints a table in which no name reaches the terminal unescaped", () =>
    withStore(async (tsxs) => {
      const { ending, stdout, stderr } = await tsxs("domains", "--root", "/nothing");
      assertEquals(stdout.split("\n"), [
        " Id   Name                State",
        "-----------------------------------",
        " 5    web                 running",
        " 6    d\\xc3\\xa9\\x1b[31m   running",
        "",
        "",
      ]);
      assertEquals([ending, stderr], [0, ""]);
    }));

  test("domains --json prints each domain with its flags and the evidence of its state", () =>
    withStore(async (tsxs) => {
      const { stdout } = await tsxs("domains", "--json", "--root", "/nothing");
      const [first = "", second = ""] = stdout.split("\n");
      assertEquals(JSON.parse(first), {
        id: 5,
        name: "web",
        uuid: web.uuid,
        title: null,
        type: "pv",
        memory: 1024,
        maxMemory: 2048,
        virtualCpus: 1,
        maxVirtualCpus: 2,
        state: "running",
        reason: "introduced",
        flags: ["active"],
        console: { type: "xenconsoled", tty: "/dev/pts/5", vncPort: null },
        devices: [{
          kind: "vif",
          id: "0",
          frontend: { path: "/local/domain/5/device/vif/0", domid: 5, state: 4 },
          backend: { path: "/local/domain/0/backend/vif/5/0", domid: 0, state: 4 },
        }],
        hasMoreDevices: false,
        evidence: {
          active: "IS_DOMAIN_INTRODUCED 5 is T",
          state: "IS_DOMAIN_INTRODUCED 5 is T, and control/shutdown is empty or missing",
        },
      });
      assertEquals(JSON.parse(second).name, db.name);
      assertMatch(stdout, /^[\n -~]*$/);
    }));

  test("domains says that no source of the host tells what an option asks for", () =>
    withStore(async (tsxs) => {
      const { ending, stderr } = await tsxs("domains", "--state-paused", "--root", "/nothing");
      assertEquals([ending, stderr], [
        1,
        "tsxs: cannot tell which domains are paused: this host has no source for it\n",
      ]);
    }));

  test("domains takes the sources that the host has, reports bad files, and names the sources if verbose", () =>
    inStore(async (_, tsxs) => {
      using directory = new Directory({
        "etc/xen/web.cfg": "name='web'\ntitle='The site'\n",
        "etc/xen/off.cfg": "name='off'\n",
        "etc/xen/bad\x1b.cfg": "name=\n",
        "etc/libvirt/libxl/more.xml": "<domain><name>more</name></domain>",
        "var/lib/xen/save/off": "Xen saved domain, xl format\n \0 \r",
        "bin/xl": { program: "#!/bin/sh\necho 'no Xen here' >&2\nexit 1\n" },
      });
      const root = directory.path;
      const args = ["domains", "--all", "--title", "--managed-save", "--root", root];
      const { ending, stdout, stderr } = await tsxs(["--verbose", ...args], { variables: { PATH: `${root}/bin` } });
      assertEquals(stdout.split("\n"), [
        " Id   Name                State      Title",
        "-----------------------------------------------",
        " 5    web                 running    The site",
        " 6    d\\xc3\\xa9\\x1b[31m   running    ",
        " -    more                shut off   ",
        " -    off                 saved      ",
        "",
        "",
      ]);
      assertEquals(ending, 0);
      const lines = stderr.split("\n").filter((line) => /sources|xl|cannot/.test(line));
      assertEquals(lines.map((line) => line.replaceAll(root, "")).sort(), [
        "tsxs: cannot use /etc/xen/bad\\x1b.cfg: line 1 lacks a value",
        "tsxs: sources: xlList (/bin/xl), xlConfigs (/etc/xen, /etc/xen/auto), " +
        "libvirtConfigs (/etc/libvirt/libxl, /etc/libvirt/libxl/autostart), saves (/var/lib/xen/save)",
        'tsxs: xlList: "/bin/xl list -v" failed: it ended with status 1: "no Xen here": listing without it',
      ]);
    }));

  test("domains finds xl on PATH alone, and only if it may run", () =>
    inStore(async (_, tsxs) => {
      using directory = new Directory({
        "a/xl": "no program",
        "b/xl/x": "",
        "c/xl": { program: "#!/bin/sh\nexit 0\n" },
      });
      const setting = {
        variables: { PATH: `relative:${["a", "b", "c"].map((name) => directory.at(name)).join(":")}` },
      };
      const { stderr } = await tsxs(["-v", "domains", "--root", "/nothing"], setting);
      assert(stderr.includes(`sources: xlList (${directory.at("c/xl")})\n`), stderr);
    }));

  const conflicts = [
    ["--json", "--name", "json", "name"],
    ["--watch", "--all", "watch", "all"],
    ["--id", "--table", "table", "id"],
  ] as const;
  for (const [first, second, former, latter] of conflicts) {
    test(`domains refuses ${first} with ${second}`, () =>
      withStore(async (tsxs) => {
        assertEquals(await tsxs("domains", first, second), {
          ending: 1,
          stdout: "\n",
          stderr: `error: Options --${former} and --${latter} are mutually exclusive\n`,
        });
      }));
  }

  test("domains refuses options of --watch without it, an operand, and an unknown option", () =>
    withStore(async (tsxs) => {
      assertEquals((await tsxs("domains", "-n", "1")).stderr, "tsxs: --number needs --watch\n");
      assertEquals((await tsxs("domains", "--interval", "1")).stderr, "tsxs: --interval needs --watch\n");
      assertEquals((await tsxs("domains", "--interval", "x", "--watch")).ending, 1);
      assertMatch((await tsxs("domains", "web")).stderr, /^tsxs: Usage: tsxs domains /);
      const { ending, stderr } = await tsxs("domains", "--nmae");
      assertEquals([ending, stderr.split("\n")[0]], [
        1,
        "domains: unrecognized option '--nmae': did you mean '--name'?",
      ]);
    }));
});

describe("tsxs domains --watch", () => {
  /** Runs a watch, and lets a function act when it is ready. */
  async function watching(args: readonly string[], act: (store: Client) => Promise<void>): Promise<Ran> {
    let ran: Ran | null = null;
    await inStore(async (store, tsxs) => {
      let onReady: () => void = () => {};
      const ready = new Promise<void>((resolve) => onReady = resolve);
      let stderr = "";
      const writeError = (bytes: Uint8Array): void => {
        stderr += new TextDecoder().decode(bytes);
        if (stderr.includes("watching: 2 domains")) onReady();
      };
      const running = tsxs(["--verbose", "domains", "--watch", "--root", "/nothing", ...args], { writeError });
      await ready;
      await act(store);
      ran = await running;
    });
    if (ran === null) throw new Error("the command did not end");
    return ran;
  }

  const reboot = async (store: Client): Promise<void> => {
    await endGuest(store, web);
    await startGuest(store, { ...web, id: 8 });
  };

  test("domains --watch prints events as virsh does, with a reboot, and ends after as many as -n says", async () => {
    const { ending, stdout } = await watching(["-n", "2"], reboot);
    // Whether a list fell between the end and the start tells how the domain ended.
    assertEquals([ending, stdout.replace("Stopped Shutdown", "Stopped Destroyed").split("\n")], [0, [
      "event 'lifecycle' for domain 'web': Stopped Destroyed",
      "event 'lifecycle' for domain 'web': Started Booted (reboot of domain 5)",
      "",
    ]]);
  });

  test("domains --watch --json prints events with libvirt's numbers", async () => {
    const { stdout } = await watching(["--json", "-n", "1"], (store) => endGuest(store, web));
    const { time, ...event } = JSON.parse(stdout);
    assertMatch(time, /^\d{4}-\d\d-\d\dT/);
    assertEquals(event, {
      type: "stopped",
      typeNumber: 5,
      detail: "destroyed",
      detailNumber: 1,
      id: 5,
      name: "web",
      uuid: web.uuid,
      rebootOf: null,
      evidence: "it left the list, and no source told of a shutdown",
    });
  });

  test("domains --watch goes on without a hypervisor that does not answer", async () => {
    using directory = new Directory({ xl: { program: "#!/bin/sh\nexit 1\n" } });
    await inStore(async (_, tsxs) => {
      const setting = { variables: { PATH: directory.path } };
      const { ending, stderr } = await tsxs(["domains", "--watch", "-n", "0", "--root", "/nothing"], setting);
      assertEquals(ending, 0);
      assertMatch(stderr, /^tsxs: xlList: .* failed: it ended with status 1: watching without it\n$/);
    });
  });
});

describe("tsxs shutdown, reboot and suspend", () => {
  /** Acknowledges the next request, and resolves with it. */
  async function acknowledged(store: Client, id: number): Promise<string> {
    const node = `/local/domain/${id}/control/shutdown`;
    const request = await store.waitFor(node, (value) => value !== null && value.length > 0);
    await store.write(node, "");
    return new TextDecoder().decode(request ?? new Uint8Array());
  }

  const requests = [
    ["shutdown", "web", "poweroff", "Domain 'web' is being shutdown\n"],
    ["reboot", "5", "reboot", "Domain 'web' is being rebooted\n"],
    ["suspend", web.uuid.toUpperCase(), "suspend", "Domain 'web' is being suspended\n"],
  ] as const;
  for (const [mode, domain, kind, message] of requests) {
    test(`${mode} asks domain ${domain} for ${kind}, and ends when the guest acknowledges`, () =>
      withStore(async (tsxs, store) => {
        const [request, ran] = await Promise.all([acknowledged(store, 5), tsxs(mode, domain)]);
        assertEquals([request, ran], [kind, { ending: 0, stdout: message, stderr: "" }]);
      }));
  }

  test("shutdown finds a domain by a name of other bytes, and prints it escaped", () =>
    withStore(async (tsxs, store) => {
      const [, { stdout }] = await Promise.all([acknowledged(store, 6), tsxs("shutdown", db.name)]);
      assertEquals(stdout, "Domain 'd\\xc3\\xa9\\x1b[31m' is being shutdown\n");
    }));

  test("shutdown --wait waits for the end, and reboot --wait for the new domain", () =>
    withStore(async (tsxs, store) => {
      const off = acknowledged(store, 6).then(() => endGuest(store, db));
      assertEquals(
        (await tsxs("shutdown", "-w", "6")).stdout.split("\n")[1],
        "Domain 'd\\xc3\\xa9\\x1b[31m' has ended",
      );
      await off;
      const again = acknowledged(store, 5).then(async () => {
        await endGuest(store, web);
        await startGuest(store, { ...web, id: 9 });
      });
      const { ending, stdout } = await tsxs("reboot", "--wait", "web");
      await again;
      assertEquals([ending, stdout], [0, "Domain 'web' is being rebooted\nDomain 'web' is now domain 9\n"]);
    }));

  test("shutdown ends with status 124 after its time, and suspend withdraws its request", () =>
    withStore(async (tsxs, store) => {
      const late = await tsxs("shutdown", "-t", "0.01", "web");
      assertEquals([late.ending, late.stdout], [124, ""]);
      assertMatch(late.stderr, /domain 5 "web" did not acknowledge "poweroff".* in 10 ms: the request stays written/);
      assertEquals(await store.readText("/local/domain/5/control/shutdown"), "poweroff");
      const asleep = await tsxs("suspend", "--timeout", "0.01", "6");
      assertEquals(asleep.ending, 124);
      assertMatch(asleep.stderr, /^tsxs: [ -~]* in 10 ms: the request is withdrawn\n$/);
      assertEquals(await store.readText("/local/domain/6/control/shutdown"), "");
    }));

  test("shutdown refuses a guest that does not obey, an unknown domain, and a name of two domains", () =>
    withStore(async (tsxs, store) => {
      await store.write("/local/domain/5/control/feature-poweroff", "0");
      const refused = await tsxs("shutdown", "web");
      assertEquals(refused.ending, 1);
      assertMatch(refused.stderr, /does not obey "poweroff"/);
      const unknown = await tsxs("shutdown", utf8Of("w\u00e9b"));
      assertEquals([unknown.ending, unknown.stderr.slice(0, 16)], [1, "tsxs: domain 'w\\"]);
      await startGuest(store, { ...web, id: 7, uuid: uuidFor(3) });
      assertEquals((await tsxs("shutdown", "web")).stderr, "tsxs: several domains are 'web': 5, 7\n");
      assertMatch((await tsxs("shutdown")).stderr, /^tsxs: Usage: tsxs shutdown \[-h\]/);
    }));
});
