// listDomains() and countDomains() on the embedded store: fields, flags, sources and what is left out.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import {
  countDomains,
  DomainFlag,
  type DomainSource,
  DomainState,
  listDomains,
  MissingSourceError,
  type SourceReading,
  UnknownFlagError,
} from "../../src/domains/mod.ts";
import { endDomain, makeDomain, someDomain, uuidFor } from "../support/domains.ts";

/** A store with these nodes and these introduced domains. */
async function storeOf(nodes: Readonly<Record<string, string>>, introduced: readonly number[]): Promise<Client> {
  const client = await connect(new Daemon().connect());
  for (const [path, value] of Object.entries(nodes)) await client.write(path, value);
  for (const domid of introduced) await client.introduceDomain(domid, 1, 1);
  return client;
}

function source(answers: DomainSource["answers"], reading: SourceReading): DomainSource {
  return { name: "test", answers, read: () => Promise.resolve(reading) };
}

function definition(name: string, more: object = {}) {
  const nothing = { uuid: null, title: null, autostart: null, type: null, memory: null, virtualCpus: null };
  return { name, evidence: `/etc/xen/${name}.cfg`, ...nothing, ...more };
}

const letters = (text: string, more: object = {}) => {
  return { letters: text, shutdownReason: null, uuid: null, evidence: "xl list", ...more };
};

const F = DomainFlag;
const names = (domains: readonly { readonly name: string | null }[]) => domains.map(({ name }) => name);

describe("the fields of a domain", () => {
  test("a domain that libxl made has all of its fields, with the evidence of its state", async () => {
    await using client = await storeOf({}, []);
    await makeDomain(client, someDomain(5));
    const [domain, ...others] = await listDomains(client);
    assertEquals(others, []);
    assertEquals({ ...domain }, {
      id: 5,
      name: "guest-5",
      uuid: uuidFor(5),
      title: null,
      type: "pv",
      memory: 1029,
      maxMemory: 2058,
      virtualCpus: 1,
      maxVirtualCpus: 2,
      console: { type: "xenconsoled", tty: "/dev/pts/5", vncPort: null },
      devices: [{
        kind: "vif",
        id: "0",
        frontend: { path: "/local/domain/5/device/vif/0", domid: 5, state: 4 },
        backend: { path: "/local/domain/0/backend/vif/5/0", domid: 0, state: 4 },
      }],
      hasMoreDevices: false,
      state: DomainState.running,
      reason: "introduced",
      flags: F.active,
      evidence: {
        active: "IS_DOMAIN_INTRODUCED 5 is T",
        state: "IS_DOMAIN_INTRODUCED 5 is T, and control/shutdown is empty or missing",
      },
    });
    assert(domain?.isActive);
  });

  test("domain 0 has the UUID of zeros, as xl shows it", async () => {
    await using client = await storeOf({ "/local/domain/0/name": "Domain-0", "/local/domain/0/domid": "0" }, []);
    const [domain] = await listDomains(client);
    assertEquals([domain?.id, domain?.name, domain?.uuid], [0, "Domain-0", "00000000-0000-0000-0000-000000000000"]);
  });

  for (
    const [name, nodes, type] of [
      ["the type that libxl wrote", { "/libxl/5/type": "pvh", [`/vm/${uuidFor(5)}/image/ostype`]: "linux" }, "pvh"],
      ["hvm for the system type hvm", { [`/vm/${uuidFor(5)}/image/ostype`]: "hvm" }, "hvm"],
      ["pv for the system type linux", { [`/vm/${uuidFor(5)}/image/ostype`]: "linux" }, "pv"],
      ["nothing for an unknown type", { "/libxl/5/type": "jail" }, null],
      ["nothing without evidence", {}, null],
    ] as const
  ) {
    test(`the type of a domain is ${name}`, async () => {
      const home = { "/local/domain/5/vm": `/vm/${uuidFor(5)}`, "/local/domain/5/name": "web" };
      await using client = await storeOf({ ...home, ...nodes }, [5]);
      assertEquals((await listDomains(client))[0]?.type, type);
    });
  }

  test("a domain without a name of its own has that of its UUID's nodes", async () => {
    const nodes = { "/local/domain/5/vm": `/vm/${uuidFor(5)}`, [`/vm/${uuidFor(5)}/name`]: "web" };
    await using client = await storeOf(nodes, [5]);
    assertEquals(names(await listDomains(client)), ["web"]);
  });

  for (
    const [name, nodes, introduced, state, reason] of [
      ["a pending poweroff", { "control/shutdown": "poweroff" }, true, "shutdown", "poweroff"],
      ["a pending reboot", { "control/shutdown": "reboot" }, true, "shutdown", "reboot"],
      ["a pending suspend", { "control/shutdown": "suspend" }, true, "shutdown", "suspend"],
      ["a pending request of another kind", { "control/shutdown": "s3" }, true, "shutdown", "request"],
      ["an acknowledged request", { "control/shutdown": "" }, true, "running", "introduced"],
      ["a migration that receives it", { name: "web--incoming" }, true, "noState", "incoming"],
      ["a migration that sent it away", { name: "web--migratedaway" }, true, "noState", "migrated"],
      ["a home that outlived it", { "store/ring-ref": "1" }, false, "noState", "not-introduced"],
    ] as const
  ) {
    test(`a domain with ${name} is in the state ${state}, ${reason}`, async () => {
      const home: Record<string, string> = { name: "web", ...nodes };
      const paths = Object.entries(home).map(([path, value]) => [`/local/domain/5/${path}`, value]);
      await using client = await storeOf(Object.fromEntries(paths), introduced ? [5] : []);
      const [domain] = await listDomains(client);
      assertEquals([domain?.state, domain?.reason], [DomainState[state], reason]);
      assertEquals((await listDomains(client, { flags: F.other })).length, state === "running" ? 0 : 1);
      assertEquals((await listDomains(client, { flags: F.running | F.paused })).length, state === "running" ? 1 : 0);
      assert((domain?.evidence.state ?? "").length > 10);
    });
  }
});

describe("what a list leaves out", () => {
  test("a store without homes has no domains", async () => {
    await using client = await storeOf({}, []);
    assertEquals([await listDomains(client), await countDomains(client)], [[], 0]);
  });

  test("homes that are half made, empty or not of a number are left out", async () => {
    await using client = await storeOf({
      "/local/domain/1/name": "half-made",
      "/local/domain/1/vm": `/vm/${uuidFor(1)}`,
      "/local/domain/2/data": "neither a name nor a UUID",
      "/local/domain/007/name": "another spelling of a number",
      "/local/domain/x/name": "not a number",
      "/local/domain/70000/name": "beyond the numbers of domains",
      "/local/domain/7/name": "seven",
    }, [2, 7]);
    assertEquals(names(await listDomains(client)), ["seven"]);
    assertEquals(await countDomains(client), 1);
  });

  test("domains are listed by number, whatever the order of the store", async () => {
    await using client = await storeOf({}, []);
    for (const id of [10, 9, 2]) await makeDomain(client, someDomain(id));
    assertEquals((await listDomains(client)).map(({ id }) => id), [2, 9, 10]);
  });

  test("a domain that ended is left out of the next list", async () => {
    await using client = await storeOf({}, []);
    for (const id of [1, 2]) await makeDomain(client, someDomain(id));
    await endDomain(client, someDomain(1));
    assertEquals(names(await listDomains(client)), ["guest-2"]);
  });

  test("two domains with one UUID are both listed while both are there", async () => {
    const vm = `/vm/${uuidFor(5)}`;
    const nodes = { "/local/domain/5/vm": vm, "/local/domain/5/name": "web", "/local/domain/6/vm": vm };
    await using client = await storeOf({ ...nodes, "/local/domain/6/name": "web--incoming" }, [5, 6]);
    assertEquals(names(await listDomains(client)), ["web", "web--incoming"]);
  });
});

describe("the sources of a list", () => {
  const definitions = source(["persistence", "autostart"], {
    definitions: [
      definition("guest-5", { autostart: true, title: "Five" }),
      definition("Zoo", { uuid: uuidFor(77), memory: 512, virtualCpus: 2, type: "pvh" }),
      definition("other", { uuid: uuidFor(6) }),
      definition("Zoo", { uuid: uuidFor(77), evidence: "/etc/libvirt/libxl/Zoo.xml" }),
    ],
  });

  async function twoDomains(): Promise<Client> {
    const client = await storeOf({}, []);
    for (const id of [5, 6, 7]) await makeDomain(client, someDomain(id));
    return client;
  }

  for (
    const [flags, expected] of [
      [0, ["guest-5", "guest-6", "guest-7", "Zoo"]],
      [F.active, ["guest-5", "guest-6", "guest-7"]],
      [F.inactive, ["Zoo"]],
      [F.shutoff, ["Zoo"]],
      [F.persistent, ["guest-5", "guest-6", "Zoo"]],
      [F.transient, ["guest-7"]],
      [F.autostart, ["guest-5"]],
      [F.noAutostart, ["guest-6", "guest-7", "Zoo"]],
      [F.active | F.noAutostart | F.persistent, ["guest-6"]],
      [F.inactive | F.running, []],
      [F.inactive | F.transient, []],
      [F.running | F.paused | F.shutoff, ["guest-5", "guest-6", "guest-7", "Zoo"]],
    ] as const
  ) {
    test(`the flags ${flags} select ${expected.join(", ") || "no domain"}, by name or UUID of the definitions`, async () => {
      await using client = await twoDomains();
      assertEquals(names(await listDomains(client, { flags, sources: [definitions] })), [...expected]);
      assertEquals(await countDomains(client, { flags, sources: [definitions] }), expected.length);
    });
  }

  test("a domain that is only defined has the fields of its definition, and its methods fail", async () => {
    await using client = await storeOf({}, []);
    const other = (await listDomains(client, { sources: [definitions] })).find(({ name }) => name === "other");
    assert(other !== undefined);
    const fields = [other.id, other.uuid, other.memory, other.virtualCpus, other.type];
    assertEquals(fields, [null, uuidFor(6), null, null, null]);
    const [defined] = await listDomains(client, { flags: F.shutoff, sources: [definitions] });
    assertEquals([defined?.id, defined?.name, defined?.memory, defined?.virtualCpus], [null, "Zoo", 512, 2]);
    assertEquals([defined?.state, defined?.reason], [DomainState.shutoff, "defined"]);
    assertEquals(defined?.evidence.persistence, "/etc/xen/Zoo.cfg");
    await assertRejects(() => other.read("name"), Error, "does not run");
  });

  test("the hypervisor tells a pause from running, and which domains are gone", async () => {
    await using client = await twoDomains();
    const states = new Map([[5, letters("--p---")], [6, letters("-b----", { uuid: uuidFor(6) })]]);
    const sources = [source(["state"], { states })];
    assertEquals(names(await listDomains(client, { sources })), ["guest-5", "guest-6"]);
    assertEquals(names(await listDomains(client, { flags: F.paused, sources })), ["guest-5"]);
    const [running] = await listDomains(client, { flags: F.running, sources });
    assertEquals([running?.name, running?.state, running?.flags], [
      "guest-6",
      DomainState.running,
      F.active | F.running,
    ]);
    assertEquals(running?.evidence.state, 'xl list: "-b----"');
  });

  test("the state of another domain with the same number is not taken", async () => {
    await using client = await twoDomains();
    const sources = [source(["state"], { states: new Map([[5, letters("--p---", { uuid: uuidFor(99) })]]) })];
    assertEquals(await listDomains(client, { sources }), []);
  });

  test("a requested shutdown shows although the hypervisor says that the domain runs", async () => {
    await using client = await twoDomains();
    await client.write("/local/domain/5/control/shutdown", "reboot");
    const sources = [source(["state"], { states: new Map([[5, letters("r-----")]]) })];
    const [domain] = await listDomains(client, { flags: F.other, sources });
    assertEquals([domain?.state, domain?.reason], [DomainState.shutdown, "reboot"]);
  });

  test("saved images, snapshots and checkpoints are found by name and by UUID", async () => {
    await using client = await twoDomains();
    const sources = [
      source(["managedSave"], { saved: new Map([["guest-5", "/var/lib/xen/save/guest-5"]]) }),
      source(["snapshot", "checkpoint"], {
        snapshots: new Map([[uuidFor(6), "a snapshot"]]),
        checkpoints: new Map([["guest-7", "a checkpoint"]]),
      }),
    ];
    const list = async (flags: number) => names(await listDomains(client, { flags, sources }));
    assertEquals(await list(F.managedSave), ["guest-5"]);
    assertEquals(await list(F.noManagedSave), ["guest-6", "guest-7"]);
    assertEquals(await list(F.hasSnapshot), ["guest-6"]);
    assertEquals(await list(F.noCheckpoint), ["guest-5", "guest-6"]);
    const [saved] = await listDomains(client, { flags: F.managedSave, sources });
    assertEquals(saved?.evidence.managedSave, "/var/lib/xen/save/guest-5");
  });

  for (
    const [flag, sources] of [
      ["inactive", ["xlConfigs()", "libvirtConfigs()"]],
      ["shutoff", ["xlConfigs()", "libvirtConfigs()"]],
      ["persistent", ["xlConfigs()", "libvirtConfigs()"]],
      ["transient", ["xlConfigs()", "libvirtConfigs()"]],
      ["running", ["xlList()"]],
      ["paused", ["xlList()"]],
      ["managedSave", ["saves()"]],
      ["noManagedSave", ["saves()"]],
      ["autostart", ["xlConfigs()", "libvirtConfigs()"]],
      ["noAutostart", ["xlConfigs()", "libvirtConfigs()"]],
      ["hasSnapshot", ["checkpoints()"]],
      ["noSnapshot", ["checkpoints()"]],
      ["hasCheckpoint", ["checkpoints()"]],
      ["noCheckpoint", ["checkpoints()"]],
    ] as const
  ) {
    test(`the flag ${flag} without a source fails with an error that names ${sources.join(" or ")}`, async () => {
      await using client = await storeOf({}, []);
      const error = await assertRejects(() => countDomains(client, { flags: F[flag] }), MissingSourceError);
      assertEquals([error.flag, [...error.sources]], [flag, [...sources]]);
      assert(error.message.includes(flag) && sources.every((name) => error.message.includes(name)), error.message);
    });
  }

  test("an unknown flag fails before anything is asked of the store", async () => {
    const client = await storeOf({}, []);
    await client.close();
    await assertRejects(() => listDomains(client, { flags: 65536 | 1 }), UnknownFlagError, "0x10000");
  });

  test("a combination that nothing fits lists nothing, without asking the store", async () => {
    const client = await storeOf({}, []);
    await client.close();
    assertEquals(await listDomains(client, { flags: F.active | F.shutoff }), []);
    assertEquals(await countDomains(client, { flags: F.inactive | F.paused }), 0);
  });

  test("a source that fails makes the list fail with its error", async () => {
    await using client = await twoDomains();
    const broken = new Error("xl does not run");
    const failing: DomainSource = { name: "broken", answers: ["state"], read: () => Promise.reject(broken) };
    const error = await assertRejects(() => listDomains(client, { sources: [failing] }));
    assertEquals(error, broken);
  });

  test("an aborted list rejects with the reason of its signal", async () => {
    await using client = await twoDomains();
    const controller = new AbortController();
    const waiting: DomainSource = {
      name: "waiting",
      answers: ["state"],
      read: ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
          controller.abort(new Error("enough"));
        }),
    };
    await assertRejects(() => listDomains(client, { sources: [waiting], signal: controller.signal }), Error, "enough");
    await assertRejects(() => countDomains(client, { signal: controller.signal }), Error, "enough");
  });

  test("an unknown option is a TypeError", async () => {
    await using client = await storeOf({}, []);
    await assertRejects(() => listDomains(client, { flag: 1 } as object), TypeError, '"flag" is unknown');
  });
});
