// Saved images, snapshots and checkpoints as sources.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { Checkpoints, checkpoints, type KeptState } from "../../../src/domains/sources/checkpoints.ts";
import { Saves, saves } from "../../../src/domains/sources/saves.ts";
import { Directory } from "../../support/directory.ts";

describe("Saves", () => {
  test("Saves tells the domains whose image begins as that of xl or of libvirt, and reports other files", async () => {
    const xl = "Xen saved domain, xl format\n \0 \r";
    using directory = new Directory({
      "xl/web": `${xl}\x02\0\0\0`,
      "xl/exact": xl,
      "xl/cut": xl.slice(0, -1),
      "xl/empty": "",
      "xl/fifo": "FIFO",
      "xl/text": "Xen saved domain, another format",
      "libvirt/db.save": "libvirt-xml\n \0 \r\x02\0\0\0",
      "libvirt/xl.save": xl,
      "libvirt/other": "libvirt-xml\n \0 \r",
    });
    const options = { directory: directory.at("xl"), libvirtDirectory: directory.at("libvirt") };
    const source = saves(options);
    assertEquals([source.name, source.answers], ["saves", ["managedSave"]]);
    const { saved, problems } = await source.read();
    assertEquals([...saved ?? []], [
      ["exact", directory.at("xl/exact")],
      ["web", directory.at("xl/web")],
      ["db", directory.at("libvirt/db.save")],
    ]);
    assertEquals(problems.map(({ entry, reason }) => [entry.slice(directory.path.length + 1), reason]), [
      ["xl/cut", "it is not a saved domain"],
      ["xl/empty", "it is not a saved domain"],
      ["xl/fifo", "it is not a regular file"],
      ["xl/text", "it is not a saved domain"],
      ["libvirt/xl.save", "it is not a saved domain"],
    ]);
  });

  test("Saves takes directories that do not exist as empty", async () => {
    const none = { directory: "/nothing/here", libvirtDirectory: "/nothing/there" };
    assertEquals(await new Saves(none).read(), { saved: new Map(), problems: [] });
  });
});

describe("Checkpoints", () => {
  const states: readonly KeptState[] = [
    { domain: "web", kind: "snapshot", evidence: "/states/1" },
    { domain: "web", kind: "checkpoint", evidence: "/states/2" },
    { domain: "db", kind: "checkpoint", evidence: "/states/3" },
    { domain: "db", kind: "checkpoint", evidence: "/states/4" },
  ];
  async function* streamed(): AsyncGenerator<KeptState> {
    for (const state of states) yield await Promise.resolve(state);
  }

  for (
    const [how, list] of [
      ["an array", () => states],
      ["a promise of an array", () => Promise.resolve(states)],
      ["an async iterable", streamed],
    ] as const
  ) {
    test(`Checkpoints tells the domains that have states, from ${how}`, async () => {
      const source = checkpoints(list);
      assertEquals([source.name, source.answers], ["checkpoints", ["snapshot", "checkpoint"]]);
      assertEquals(await source.read(), {
        snapshots: new Map([["web", "/states/1"]]),
        checkpoints: new Map([["web", "/states/2"], ["db", "/states/4"]]),
      });
    });
  }

  test("Checkpoints hands its signal to the function, and rejects as the function does", async () => {
    const { signal } = new AbortController();
    const source = new Checkpoints((options) => {
      assertEquals(options.signal, signal);
      throw new Error("no repository");
    });
    await assertRejects(() => source.read({ signal }), Error, "no repository");
  });
});
