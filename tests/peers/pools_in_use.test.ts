// Disks in use, with the real qemu-img: no operation changes an image on which a disk depends.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Daemon } from "../../src/daemon/mod.ts";
import {
  checkStates,
  Disk,
  getStates,
  LocalStates,
  PoolStates,
  pushStates,
  RootSourcedStates,
  setStates,
  SourcedStates,
  StateAbortError,
  type StateBackend,
  StateFiles,
  StateInUseError,
  type StatePart,
  TransferOps,
  unsetStates,
} from "../../src/pools/mod.ts";
import { run } from "../support/invocation.ts";

const MIB = 2 ** 20;
const OLD = 1;
const NEW = 2;
const GUEST = 3;

function qemu(program: "qemu-img" | "qemu-io", ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ["ignore", "pipe", "pipe"] });
}

describe("a disk that depends on a state of this host", () => {
  let directory = "";
  let [own, pool, image] = ["", "", ""];
  const of = (state: string) => [{ object: "guest", state }];
  const request = { object: "guest", state: "a" };
  const scopes = ["own", "shared"] as const;

  const write = (path: string, byte: number, at: number): void =>
    qemu("qemu-io", "-f", "qcow2", "-c", `write -P ${byte} ${at}M 1M`, path);
  /** The first bytes of the first two MiB of a disk. */
  const content = (path = image): number[] => {
    const raw = join(directory, "raw");
    qemu("qemu-img", "convert", "-f", "qcow2", "-O", "raw", path, raw);
    const bytes = readFileSync(raw);
    return [bytes[0] ?? -1, bytes[MIB] ?? -1];
  };
  const local = (path = image, more: readonly StatePart[] = []): LocalStates =>
    new LocalStates({ directory: own, parts: () => [new Disk({ name: "disk", image: path, size: 4 * MIB }), ...more] });
  const states = (path: string): StateFiles => StateFiles.local(path);
  const poolStates = (): PoolStates => new PoolStates({ own: states(own), pool: states(pool) });
  const sourced = (backend: StateBackend = local()): SourcedStates => {
    const mirror = { gateway: "g", host: "h", path: pool, states: poolStates() };
    return new SourcedStates({
      own: backend,
      place: { gateway: "g", host: "h", path: own, sharedPath: pool },
      mirrors: [mirror],
    });
  };

  /** Keeps a state whose disk begins with a byte, in a directory. The disk does not depend on it. */
  const keep = async (where: string, state: string, byte: number): Promise<void> => {
    const fresh = join(directory, `fresh-${state}-${byte}.qcow2`);
    qemu("qemu-img", "create", "-q", "-f", "qcow2", fresh, `${4 * MIB}`);
    write(fresh, byte, 0);
    const parts = () => [new Disk({ name: "disk", image: fresh })];
    await new LocalStates({ directory: where, parts }).set({ ...request, state, scopes, skipLocks: false });
  };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "tsxs-in-use-"));
    [own, pool, image] = [join(directory, "own"), join(directory, "pool"), join(directory, "disk.qcow2")];
    await keep(own, "a", OLD);
    await keep(pool, "a", NEW);
    await getStates(local(), of("a"));
    write(image, GUEST, 1);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Checks that an operation is refused with the path of the disk, and that the disk and the states are as before. */
  const refused = async (operation: string, run: () => Promise<unknown>, dependent = image): Promise<void> => {
    const before = readdirSync(own, { recursive: true }).sort();
    const error = await assertRejects(run, StateInUseError);
    assertEquals(error.dependents, [dependent]);
    assertStringIncludes(error.message, `${operation} "a" of "guest": `);
    assertStringIncludes(error.message, JSON.stringify(dependent));
    assertEquals(content(), [OLD, GUEST]);
    assertEquals(readdirSync(own, { recursive: true }).sort(), before, "nothing was stored");
    qemu("qemu-img", "check", "-q", image);
  };

  test("keeps its content, because a download of another content is refused", async () => {
    await using ops = new TransferOps(own);
    await refused("download", () => ops.download({ location: pool, ...request }));
    await refused("get", () => poolStates().get({ ...request, scopes, skipLocks: false }));
    await refused("get", () => getStates(sourced(), of("a")));
    await refused("get", () => getStates(sourced(), of("a"), { scopes: ["shared"] }));
  });

  test("keeps its content, because a state that depends on another content is not brought", async () => {
    await getStates(
      new LocalStates({
        directory: pool,
        parts: () => [new Disk({ name: "disk", image: join(directory, "other"), size: 4 * MIB })],
      }),
      of("a"),
    );
    await setStates(
      new LocalStates({ directory: pool, parts: () => [new Disk({ name: "disk", image: join(directory, "other") })] }),
      of("b"),
    );
    await using ops = new TransferOps(own);
    await refused("download", () => ops.download({ location: pool, object: "guest", state: "b" }));
  });

  test("keeps its content, because a link to another content is refused", async () => {
    await using ops = new TransferOps(own);
    await refused("download", () => ops.download({ location: `link+${pool}`, ...request }));
  });

  test("keeps its content, because the pool to which it has links does not lose the state", async () => {
    rmSync(own, { recursive: true });
    rmSync(image);
    await using ops = new TransferOps(own);
    const link = { location: `link+${pool}`, ...request };
    await ops.download(link);
    const linked = new LocalStates({
      directory: own,
      linked: pool,
      parts: () => [new Disk({ name: "disk", image, size: 4 * MIB })],
    });
    await getStates(linked, of("a"));
    await assertRejects(() => ops.delete(link), StateInUseError, JSON.stringify(image));
    assertEquals(content(), [NEW, 0]);
    rmSync(image);
    await ops.delete(link);
  });

  test("is replaced by the state of the pool if the object is made anew first", async () => {
    await getStates(sourced(), of("a"), { checkPolicy: "fr" });
    assertEquals(content(), [NEW, 0]);
    await getStates(sourced(), of("a"));
  });

  test("keeps its content if the image of the state is damaged, and the object that is made anew repairs the image", async () => {
    rmSync(pool, { recursive: true });
    cpSync(own, pool, { recursive: true });
    const path = join(own, "guest/disk/a.qcow2");
    const damaged = readFileSync(path);
    const at = damaged.lastIndexOf(OLD);
    damaged[at] = 9;
    writeFileSync(path, damaged);
    await using ops = new TransferOps(own);
    const download = () => ops.download({ location: pool, ...request, verify: true });
    for (const bring of [() => getStates(sourced(), of("a")), download]) {
      assertEquals((await assertRejects(bring, StateInUseError)).dependents, [image]);
      assertEquals([readFileSync(path)[at], content()], [9, [OLD, GUEST]]);
    }
    await getStates(sourced(), of("a"), { checkPolicy: "fr" });
    assertEquals([readFileSync(path)[at], content()], [OLD, [OLD, 0]]);
  });

  test("does not keep a state from being brought again whose content is the same, or whose image is lost", async () => {
    const copy = join(directory, "copy");
    cpSync(own, copy, { recursive: true });
    await using ops = new TransferOps(own);
    await ops.download({ location: copy, ...request });
    rmSync(join(own, "guest/disk/a.qcow2"));
    await ops.download({ location: copy, ...request });
    assertEquals(content(), [OLD, GUEST]);
  });

  test("is known by a note, even if no part names it, and until it is gone", async () => {
    const nameless = new LocalStates({ directory: own, parts: () => [] });
    const other = local(join(directory, "other.qcow2"));
    await refused("unset", () => unsetStates(nameless, of("a")));
    await refused("unset", () => unsetStates(other, of("a")));
    await refused("set", () => setStates(other, of("a")));
    rmSync(image);
    await unsetStates(nameless, of("a"));
    assertEquals(readdirSync(join(own, "guest"), { recursive: true }), ["disk"]);
  });

  test("is known if an image lies between it and the state, or if it has moved and a part names it", async () => {
    const between = join(directory, "between.qcow2");
    qemu("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image, between);
    rmSync(join(own, "guest"), { recursive: true });
    await keep(own, "a", OLD);
    const backend = local(between);
    await refused("unset", () => unsetStates(backend, of("a")), between);
    const dependentsOf = backend.dependentsOf.bind(backend);
    await using ops = new TransferOps(own, undefined, { dependentsOf });
    await refused("download", () => ops.download({ location: pool, ...request }), between);
    const named = new PoolStates({ own: states(own), pool: states(pool), dependentsOf });
    await refused("get", () => named.get({ ...request, scopes, skipLocks: false }), between);
  });

  test("keeps its content through set, push, unset and the operations of the object itself", async () => {
    await assertRejects(() => pushStates(local(), of("a")), StateAbortError);
    assertEquals(content(), [OLD, GUEST]);
    await pushStates(sourced(), of("pushed"));
    assertEquals(content(), [OLD, GUEST]);
    await setStates(local(), of("pushed"));
    assertEquals(content(), [OLD, GUEST]);
    await unsetStates(local(), of("pushed"));
    assertEquals(content(), [OLD, GUEST]);
    await setStates(local(), of("a"));
    assertEquals(content(), [OLD, GUEST]);
    qemu("qemu-img", "check", "-q", image);
    // The disk is the object itself. Its removal changes no state.
    await checkStates(local(), of("root"), { checkPolicy: "ff" });
    await getStates(local(), of("a"));
    assertEquals(content(), [OLD, GUEST]);
  });

  test("keeps its content, because the object itself is not brought if the disk depends on another one", async () => {
    for (const [where, byte] of [[own, OLD], [pool, NEW]] as const) await keep(where, "root", byte);
    rmSync(image);
    await local().get({ ...request, state: "root", scopes, skipLocks: false });
    write(image, GUEST, 1);
    const backend = new RootSourcedStates({ own: local(), pool: poolStates() });
    const error = await assertRejects(() => checkStates(backend, of("root"), { scopes }), StateInUseError);
    assertEquals([error.operation, error.dependents, content()], ["get", [image], [OLD, GUEST]]);
  });

  test("keeps its content if the state of the pool arrives damaged, or cannot be restored", async () => {
    mkdirSync(join(directory, "damaged"));
    cpSync(pool, join(directory, "damaged"), { recursive: true });
    rmSync(join(directory, "damaged/guest/disk/a.qcow2"));
    await using ops = new TransferOps(own);
    await assertRejects(() => ops.download({ location: join(directory, "damaged"), ...request }));
    assertEquals(content(), [OLD, GUEST]);
  });

  test("keeps its content if the command gets or removes states, with and without its name", async () => {
    await using daemon = new Daemon();
    const act = async (words: string): Promise<string> => {
      const [action = "", ...args] = words.split(" ");
      const place = ["--directory", own, "--pool", pool];
      const { ending, stderr } = await run(() => daemon.connect(), ["tsxs", "pool", action, ...place, ...args]);
      assertEquals(ending, 2);
      assertEquals(content(), [OLD, GUEST]);
      return stderr;
    };
    for (
      const words of [
        `get --disk disk=${image} guest a`,
        "get --scope shared guest a",
        `get --scope shared --disk disk=${image} guest a`,
        "unset guest a",
        `unset --disk disk=${image} guest a`,
      ]
    ) assert((await act(words)).includes(image), words);
  });
});
