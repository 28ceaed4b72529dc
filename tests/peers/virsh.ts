// Domains for Debian's virsh on libvirt's test driver, and the same domains for the command.

import { type Client, connect } from "../../mod.ts";
import { Checkpoints } from "../../src/domains/sources/checkpoints.ts";
import { bytesOf } from "../../src/cli/bytes.ts";
import type { Context } from "../../src/cli/context.ts";
import { domainsWith } from "../../src/cli/domains.ts";
import { openClient } from "../../src/cli/client.ts";
import { Failure } from "../../src/cli/invocation.ts";
import { silentProgress } from "../../src/cli/silent_progress.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { Directory } from "../support/directory.ts";
import { startGuest } from "../support/guests.ts";
import { invocationOf } from "../support/invocation.ts";
import { type Finished, runCommand } from "../support/program.ts";

/** A domain of a host. */
export interface HostDomain {
  readonly name: string;
  readonly uuid: string;
  readonly state: "running" | "paused" | "in shutdown" | "crashed" | "pmsuspended" | "shut off";
  readonly title?: string;
  readonly isTransient?: boolean;
  readonly isSaved?: boolean;
  readonly isAutomatic?: boolean;
  readonly hasSnapshot?: boolean;
}

/** Separates the outputs of virsh. */
const MARK = "@8<@";

/** The state in numbers of libvirt, and in letters of `xl list`. */
const states = {
  "running": [1, "-b----"],
  "paused": [3, "--p---"],
  "in shutdown": [4, "---s--"],
  "crashed": [6, "---sc-"],
  "pmsuspended": [7, "---ss-"],
  "shut off": [5, ""],
} as const;

/** A host that virsh and the command list. */
export class VirshHost implements AsyncDisposable {
  readonly #domains: readonly HostDomain[];
  readonly #directory: Directory;
  readonly #daemon = new Daemon();
  readonly #store: Client;

  /** Makes a host. */
  static async make(domains: readonly HostDomain[]): Promise<VirshHost> {
    const daemon = new Daemon();
    const host = new VirshHost(domains, daemon, await connect(daemon.connect()));
    for (const [id, { name, uuid }] of host.#active()) await startGuest(host.#store, { id, name, uuid });
    return host;
  }

  private constructor(domains: readonly HostDomain[], daemon: Daemon, store: Client) {
    this.#domains = domains;
    this.#daemon = daemon;
    this.#store = store;
    this.#directory = new Directory({
      "test.xml": `<node>${domains.map(testDomain).join("")}</node>`,
      "bin/xl": { program: `#!/bin/sh\ncat <<'END'\n${this.#table()}END\n` },
      "root/var/lib/xen/save": "DIRECTORY",
      "root/etc/libvirt/libxl/autostart": "DIRECTORY",
    });
    for (const domain of domains) this.#addFiles(domain);
  }

  /** Runs `virsh list`. */
  async virsh(args: readonly string[]): Promise<Finished> {
    const [listed] = await this.virshEach([args]);
    if (listed === undefined) throw new Error("virsh did not run");
    return listed;
  }

  /** Runs `virsh list` once for each of the arguments, in one process, whose status and errors are those of each. */
  async virshEach(lists: readonly (readonly string[])[]): Promise<Finished[]> {
    // The test driver keeps no state from one process to the next.
    const automatic = this.#domains.filter(({ isAutomatic }) => isAutomatic === true);
    const marks = automatic.map(({ uuid }) => `autostart ${uuid}`);
    const commands = lists.map((args) => `echo ${MARK}; list ${args.map((arg) => `'${arg}'`).join(" ")}`);
    const { stdout, ...others } = await runCommand(
      ["virsh", "-c", `test://${this.#directory.at("test.xml")}`, [...marks, ...commands].join("; ")],
      { LC_ALL: "C.UTF-8", LANGUAGE: "" },
    );
    const [head = "", ...outputs] = stdout.split(`${MARK}\n`);
    const expected = automatic.map(({ uuid }) => `Domain '${uuid}' marked as autostarted\n\n`).join("");
    // virsh runs no command if it cannot parse one of them.
    if (stdout === "") return lists.map(() => ({ ...others, stdout }));
    if (head !== expected) throw new Error(`virsh did not mark domains: ${JSON.stringify(head)}`);
    return outputs.map((output) => ({ ...others, stdout: output }));
  }

  /** Runs `tsxs domains`, with the states that a repository keeps as a source besides those of the host. */
  async tsxs(args: readonly string[]): Promise<Finished> {
    const snapshots = this.#domains.filter(({ hasSnapshot }) => hasSnapshot === true);
    const source = new Checkpoints(() =>
      snapshots.map(({ uuid }) => ({ domain: uuid, kind: "snapshot" as const, evidence: "/states" }))
    );
    const { invocation, printed } = invocationOf(
      () => this.#daemon.connect(),
      ["tsxs", "domains", ...args, "--root", this.#directory.at("root")],
      { variables: { PATH: this.#directory.at("bin") } },
    );
    const print = (text: string): void => invocation.writeError(bytesOf(text));
    let client: Client | null = null;
    const context: Context = {
      invocation,
      globals: {
        address: undefined,
        timeout: null,
        verbose: false,
        trace: false,
        color: "never",
        progressBars: null,
      },
      isTool: false,
      names: [],
      usageName: "tsxs domains",
      args: invocation.args.slice(1),
      warn: (message) => print(`tsxs: ${message}\n`),
      say: (lines) => print(`${lines}\n`),
      complain: (complaint) => print(`domains: ${complaint}\n`),
      progress: () => Promise.resolve(silentProgress),
      runner: {
        open: () => Promise.reject(new Error("no connection is wanted")),
        session: () => Promise.reject(new Error("no session is wanted")),
        run: () => Promise.reject(new Error("no other subcommand is wanted")),
      },
      limit: (_, result) => result,
      connect: () => Promise.reject(new Error("no session is wanted")),
      client: async () => client = await openClient(context),
    };
    try {
      return { code: await domainsWith(context, [source]), ...printed() };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      context.warn(error.message);
      return { code: error.status, ...printed() };
    } finally {
      await (client as Client | null)?.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#directory[Symbol.dispose]();
    await this.#store.close();
    await this.#daemon.close();
  }

  /** The domains that run, with the numbers that virsh gives them. */
  #active(): [id: number, domain: HostDomain][] {
    return this.#domains.filter(({ state }) => state !== "shut off").map((domain, i) => [i + 1, domain]);
  }

  #table(): string {
    const rows = this.#active().map(([id, { name, uuid, state }]) =>
      `${name.padEnd(40)} ${String(id).padStart(5)} ${"512".padStart(5)} ${"1".padStart(5)}     ` +
      `${states[state][1]}       1.0 ${uuid}        -                -\n`
    );
    return `Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID  Reason-Code\n${
      rows.join("")
    }`;
  }

  #addFiles({ name, uuid, title, isTransient, isSaved, isAutomatic }: HostDomain): void {
    const file = `root/etc/libvirt/libxl/${uuid}.xml`;
    if (isTransient !== true) this.#directory.add(file, `<domain>${namesOf({ name, uuid, title })}</domain>`);
    if (isAutomatic === true) {
      this.#directory.add(`root/etc/libvirt/libxl/autostart/${uuid}.xml`, { link: `../${uuid}.xml` });
    }
    if (isSaved === true) this.#directory.add(`root/var/lib/xen/save/${name}`, "Xen saved domain, xl format\n \0 \r");
  }
}

function namesOf({ name, uuid, title }: { name: string; uuid: string; title: string | undefined }): string {
  const titled = title === undefined ? "" : `<title>${escaped(title)}</title>`;
  return `<name>${escaped(name)}</name><uuid>${uuid}</uuid>${titled}`;
}

/** A domain of libvirt's test driver. */
function testDomain(domain: HostDomain): string {
  const { name, uuid, title, state, isTransient, isSaved, hasSnapshot } = domain;
  const base = `${namesOf({ name, uuid, title })}<memory>1024</memory><os><type>hvm</type></os>`;
  const snapshot = `<test:domainsnapshot><active>1</active><name>s</name><creationTime>1</creationTime>` +
    `<state>running</state><domain type='test'>${base}</domain></test:domainsnapshot>`;
  return `<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>${base}` +
    `<test:runstate>${states[state][0]}</test:runstate>${isTransient === true ? "<test:transient/>" : ""}` +
    `${isSaved === true ? "<test:hasmanagedsave/>" : ""}${hasSnapshot === true ? snapshot : ""}</domain>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
