// Files that define domains: the configurations of xl, and those of libvirt.

import { utimesSync } from "node:fs";
import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { LibvirtConfigs, libvirtConfigs } from "../../../src/domains/sources/libvirt_configs.ts";
import type { SourceProblem } from "../../../src/domains/sources/problems.ts";
import { XlConfigs, xlConfigs } from "../../../src/domains/sources/xl_configs.ts";
import { XenStoreError } from "../../../src/wire/errors.ts";
import { Directory } from "../../support/directory.ts";

const uuid = "0f6a8ed2-cd54-4b1f-8ff2-5bd34c4b9d5c";
const tooLarge = "#".repeat(1024 * 1024) + "\n";

describe("XlConfigs", () => {
  test("XlConfigs reads the definitions of a directory, and which of them start with the host", async () => {
    using directory = new Directory({
      "web.cfg": `name = "web"\nuuid = "${uuid.toUpperCase()}"\nmemory = 1024\nvcpus = 2\ntype = "PVH"\n`,
      "db.cfg": "name='db'\nbuilder='hvm'\ntitle='The data'\n",
      "other.conf": "name='not read'\n",
      "auto/10-web": { link: "../web.cfg" },
      "auto/lone": "name='lone'\npvh=1\n",
    });
    const source = xlConfigs({ directory: directory.path, autoDirectory: directory.at("auto") });
    assertEquals([source.name, source.answers], ["xlConfigs", ["persistence", "autostart"]]);
    const { definitions, problems } = await source.read();
    const none = { uuid: null, title: null, memory: null, virtualCpus: null };
    const web = {
      name: "web",
      uuid,
      title: null,
      type: "pvh" as const,
      memory: 1048576,
      virtualCpus: 2,
      autostart: true,
    };
    assertEquals(definitions, [
      { ...web, evidence: directory.at("web.cfg") },
      { ...none, name: "lone", type: "pvh", autostart: true, evidence: directory.at("auto/lone") },
      { ...none, name: "db", title: "The data", type: "hvm", autostart: false, evidence: directory.at("db.cfg") },
    ]);
    assertEquals(problems, []);
  });

  test("XlConfigs reports each bad file, opens no FIFO, and reads the others", async () => {
    const seen: SourceProblem[] = [];
    using directory = new Directory({
      "bad.cfg": "name = \n",
      "device.cfg": { link: "/dev/zero" },
      "directory.cfg": "DIRECTORY",
      "fifo.cfg": "FIFO",
      "good.cfg": "name='good'\n",
      "link.cfg": { link: "nothing" },
      "loop.cfg": { link: "loop.cfg" },
      "nameless.cfg": "memory=1\n",
      "never.cfg": "name='hidden'\nimport os\n",
      "large.cfg": tooLarge,
      "auto/fifo": { link: "../fifo.cfg" },
    });
    const options = { directory: directory.path, onProblem: (problem: SourceProblem) => void seen.push(problem) };
    const { definitions, problems } = await new XlConfigs({ ...options, autoDirectory: directory.at("auto") }).read();
    assertEquals(definitions?.map(({ name }) => name), ["good"]);
    const notRegular = "it is not a regular file";
    assertEquals(problems.map(({ entry, reason }) => [entry.slice(directory.path.length + 1), reason]), [
      ["auto/fifo", notRegular],
      ["bad.cfg", "line 1 lacks a value"],
      ["device.cfg", notRegular],
      ["directory.cfg", notRegular],
      ["fifo.cfg", notRegular],
      ["large.cfg", "it has more than 1048576 bytes"],
      ["link.cfg", "it cannot be read: ENOENT"],
      ["loop.cfg", "it cannot be read: ELOOP"],
      ["nameless.cfg", "it has no name of a domain"],
      ["never.cfg", "line 2 lacks an assignment"],
    ]);
    assertEquals(seen, problems);
  });

  test("XlConfigs takes a directory that does not exist as empty, and rejects one that is a file", async () => {
    using directory = new Directory({ file: "" });
    const none = { directory: directory.at("none"), autoDirectory: directory.at("none") };
    assertEquals(await new XlConfigs(none).read(), { definitions: [], problems: [] });
    const source = new XlConfigs({ ...none, directory: directory.at("file") });
    const error = await assertRejects(() => source.read(), XenStoreError);
    assertEquals([error.code, error.operation, error.path], ["ENOTDIR", "xlConfigs", directory.at("file")]);
  });

  test("XlConfigs sees each change of a file, and of its name", async () => {
    using directory = new Directory({ "a.cfg": "name='one'\n" });
    const source = new XlConfigs({ directory: directory.path, autoDirectory: directory.at("auto") });
    const names = async () => (await source.read()).definitions?.map(({ name }) => name);
    assertEquals(await names(), ["one"]);
    directory.add("a.cfg", "name='two'\n");
    assertEquals(await names(), ["two"]);
    // An old file is kept from one reading to the next, and is read again when it changes.
    utimesSync(directory.at("a.cfg"), 1, 1);
    assertEquals(await names(), ["two"]);
    assertEquals(await names(), ["two"]);
    directory.add("a.cfg", "name='six'\n");
    assertEquals(await names(), ["six"]);
    directory.add("a.cfg", "name=\n");
    assertEquals(await names(), []);
  });

  test("XlConfigs ends with the signal's reason", async () => {
    using directory = new Directory({ "a.cfg": "name='one'\n" });
    const source = new XlConfigs({ directory: directory.path });
    const aborted = AbortSignal.abort(new Error("enough"));
    await assertRejects(() => source.read({ signal: aborted }), Error, "enough");
    const abort = new AbortController();
    const reading = source.read({ signal: abort.signal });
    abort.abort(new Error("enough now"));
    await assertRejects(() => reading, Error, "enough now");
  });
});

describe("LibvirtConfigs", () => {
  const document = `<!-- WARNING: THIS IS AN AUTO-GENERATED FILE. -->
<domain type='xen'>
  <name>web &amp; more</name>
  <uuid>${uuid}</uuid>
  <title>A &lt;title&gt;</title>
  <memory unit='MiB'>2048</memory>
  <currentMemory unit='KB'>1000</currentMemory>
  <vcpu placement='static' current='1'>4</vcpu>
  <os><type arch='x86_64' machine='xenpv'>xen</type></os>
  <devices><disk><name>wrong</name></disk></devices>
</domain>
`;
  const small = (name: string, rest = "") => `<domain><name>${name}</name>${rest}</domain>`;

  test("LibvirtConfigs reads the definitions of a directory, and which of them start with the host", async () => {
    using directory = new Directory({
      "web.xml": document,
      "db.xml": small("db", "<memory>7</memory><vcpu>3</vcpu><os><type>xenpvh</type></os>"),
      "odd.xml": small("odd", "<memory unit='horses'>7</memory><vcpu>-3</vcpu><os><type>exe</type></os><uuid>1</uuid>"),
      "notes.txt": "",
      "autostart/web.xml": { link: "../web.xml" },
    });
    const source = libvirtConfigs({ directory: directory.path });
    assertEquals([source.name, source.answers], ["libvirtConfigs", ["persistence", "autostart"]]);
    const { definitions, problems } = await source.read();
    const none = { uuid: null, title: null, type: null, memory: null, virtualCpus: null, autostart: false };
    assertEquals(definitions, [
      { ...none, name: "db", type: "pvh", memory: 7, virtualCpus: 3, evidence: directory.at("db.xml") },
      { ...none, name: "odd", evidence: directory.at("odd.xml") },
      {
        name: "web & more",
        uuid,
        title: "A <title>",
        type: "pv",
        memory: 977,
        virtualCpus: 1,
        autostart: true,
        evidence: directory.at("web.xml"),
      },
    ]);
    assertEquals(problems, []);
  });

  test("LibvirtConfigs reports each bad file and each link that leads elsewhere, and reads the others", async () => {
    using directory = new Directory({
      "a.xml": small("a"),
      "b.xml": small("b"),
      "bomb.xml": `<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>${small("&b;")}`,
      "fifo.xml": "FIFO",
      "large.xml": tooLarge,
      "nameless.xml": "<domain/>",
      "network.xml": "<network><name>n</name></network>",
      "autostart/a.xml": { link: "../b.xml" },
      "autostart/b.xml": "FIFO",
      "autostart/c.xml": { link: "../c.xml" },
    });
    const { definitions, problems } = await new LibvirtConfigs({ directory: directory.path }).read();
    assertEquals(definitions?.map(({ name, autostart }) => [name, autostart]), [["a", false], ["b", false]]);
    assertEquals(problems.map(({ entry, reason }) => [entry.slice(directory.path.length + 1), reason]), [
      ["autostart/a.xml", "it leads to another file"],
      ["autostart/b.xml", "it is not a regular file"],
      ["bomb.xml", "line 1: it has a document type"],
      ["fifo.xml", "it is not a regular file"],
      ["large.xml", "it has more than 1048576 bytes"],
      ["nameless.xml", "it has no name of a domain"],
      ["network.xml", "it is not the definition of a domain"],
    ]);
  });
});
