// The suite of transfers and of the states of a location, for every kind of location.

import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { IntegrityError, partPath } from "../../src/pools/copy.ts";
import { StateError } from "../../src/pools/errors.ts";
import type { PoolFiles } from "../../src/pools/files.ts";
import { LocalFiles } from "../../src/pools/files_local.ts";
import type { StateManifest } from "../../src/pools/manifest.ts";
import { DATA_FILE, FORMAT, image, type Shape } from "./images.ts";
import { putState } from "./put_state.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { ImageError } from "../../src/pools/qcow2/header.ts";
import { compareChain, transferChain, verifyState } from "../../src/pools/transfer.ts";

const STRIDE = 4096;
const object = "guest";

function context(state: string, operation = "set"): { operation: string; object: string; state: string } {
  return { operation, object, state };
}

/** Bytes without blocks of zeros, the same for the same seed. */
function content(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed * 7 + (i >> 8)) % 255 + 1);
}

/** An image of so many bytes, which depends on that of a parent. */
function imageOf(state: string, parent: string | null, size: number): Uint8Array {
  const bytes = content(size, state.length);
  const backing = parent === null ? {} : { backing: `${parent}.qcow2`, extensions: [[FORMAT, "qcow2"]] as const };
  bytes.set(image({ clusterBits: 9, ...backing }).subarray(0, 512));
  return bytes;
}

/** Puts a state with files of these contents into a directory. */
function put(
  directory: string,
  state: string,
  parent: string | null,
  contents: Readonly<Record<string, Uint8Array>>,
): Promise<StateManifest> {
  return putState(directory, state, parent, contents, STRIDE);
}

/** All files below a directory, with their contents. */
async function tree(directory: string): Promise<Map<string, string>> {
  const names = (await readdir(directory, { recursive: true })).sort();
  const found = new Map<string, string>();
  for (const name of names) {
    const path = join(directory, name);
    if ((await stat(path)).isFile()) found.set(name, (await readFile(path)).toString("latin1"));
  }
  return found;
}

/** Makes files that note what is written, and that can fail once so many bytes were read. */
function watched(files: PoolFiles): PoolFiles & { readonly opened: string[]; left: number } {
  const opened: string[] = [];
  const watch = {
    opened,
    left: Infinity,
    location: files.location,
    list: files.list.bind(files),
    status: files.status.bind(files),
    openPart: (path: string) => {
      opened.push(path);
      return files.openPart(path);
    },
    createPart: (path: string) => {
      opened.push(path);
      return files.createPart(path);
    },
    createExclusive: files.createExclusive.bind(files),
    rename: files.rename.bind(files),
    link: files.link.bind(files),
    remove: files.remove.bind(files),
    close: () => files.close(),
    async *read(...args: Parameters<PoolFiles["read"]>): AsyncGenerator<Uint8Array, void> {
      for await (const bytes of files.read(...args)) {
        if (watch.left < bytes.length) {
          yield bytes.subarray(0, watch.left);
          throw new Error("the connection was cut");
        }
        watch.left -= bytes.length;
        yield bytes;
      }
    },
  };
  return watch;
}

/**
 * Defines the suite. `open` returns the files of a directory as the kind of location sees them; `from` tells which end
 * of a transfer is of that kind.
 */
export function transferSuite(name: string, open: (directory: string) => PoolFiles, side: "source" | "target"): void {
  describe(`a transfer of states: ${name}`, () => {
    let directory = "";
    let [from, to] = ["", ""];
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"));
      [from, to] = [join(directory, "from"), join(directory, "to")];
    });
    afterEach(() => rm(directory, { recursive: true }));

    const source = (path: string): PoolFiles => side === "source" ? open(path) : new LocalFiles(path);
    const target = (path: string): PoolFiles => side === "target" ? open(path) : new LocalFiles(path);
    const transfer = (state: string, one: PoolFiles = source(from), other: PoolFiles = target(to)) =>
      transferChain(new StateFiles(one), new StateFiles(other), context(state), { stride: STRIDE });

    test("brings a chain with all of its files, and leaves nothing else", async () => {
      await put(from, "base", null, { "base.tree": content(10, 1), "disk/base.qcow2": imageOf("base", null, 20000) });
      await put(from, "used", "base", { "used.tree": content(10, 3), "disk/used.qcow2": imageOf("used", "base", 600) });
      await put(from, "other", null, { "other.tree": content(10, 5) });
      await transfer("used");
      const expected = [...await tree(from)].filter(([name]) => !name.includes("other"));
      assertEquals([...await tree(to)], expected);
      const [one, two] = [new StateFiles(source(from)), new StateFiles(target(to))];
      assertEquals(await two.states(object), ["base", "used"]);
      assert(await compareChain(one, two, context("used")));
      for (const manifest of await two.chain(context("used"))) await verifyState(two, manifest);
    });

    test("does not send an equal content again", async () => {
      await put(from, "base", null, { "base.tree": content(10, 1), "disk/base.qcow2": imageOf("base", null, 20000) });
      await transfer("base");
      const files = watched(target(to));
      await transfer("base", undefined, files);
      assertEquals(files.opened, []);
      await put(from, "base", null, { "base.tree": content(10, 9), "disk/base.qcow2": imageOf("base", null, 20000) });
      await transfer("base", undefined, files);
      assertEquals(files.opened.filter((path) => path.includes("qcow2")), []);
      assertEquals(files.opened.length, 2, "the tree and the commit");
      assertEquals(await tree(to), await tree(from));
    });

    test("tells the bytes that have arrived, up to all of them", async () => {
      await put(from, "base", null, { "base.tree": content(10, 1), "disk/base.qcow2": imageOf("base", null, 20000) });
      await put(from, "used", "base", { "used.tree": content(30, 3) });
      const seen: string[] = [];
      await transferChain(new StateFiles(source(from)), new StateFiles(target(to)), context("used"), {
        stride: STRIDE,
        onProgress: ({ state, position, total }) => seen.push(`${state} ${position}/${total}`),
      });
      assertEquals([seen[0], seen.at(-1)], ["base 0/20040", "used 20040/20040"]);
    });

    test("keeps the holes of a sparse image, and its size", async () => {
      const sparse = new Uint8Array(3 * 2 ** 20 + 5);
      sparse.set(imageOf("base", null, 600));
      sparse.set(content(100, 1), 2 ** 20);
      await put(from, "base", null, { "disk/base.qcow2": sparse });
      await transfer("base");
      const path = join(to, object, "disk/base.qcow2");
      assert(Buffer.from(sparse).equals(await readFile(path)));
      const { size, blocks } = await stat(path);
      assert(blocks * 512 < size / 4, `${blocks} blocks of ${size} bytes`);
    });

    test("that is cut after any number of bytes leaves the older state whole, and goes on from the cut", async () => {
      const contents = { "base.tree": content(50, 1), "disk/base.qcow2": imageOf("base", null, 3 * STRIDE + 100) };
      for (
        const cut of [0, 1, 49, 50, 51, 50 + STRIDE, 51 + STRIDE, 50 + 2 * STRIDE, 50 + 3 * STRIDE, 149 + 3 * STRIDE]
      ) {
        const [sent, kept] = [join(directory, `from${cut}`), join(directory, `to${cut}`)];
        const old = { "base.tree": content(7, 7), "disk/base.qcow2": imageOf("base", null, 700) };
        await put(kept, "base", null, old);
        const before = await tree(kept);
        await put(sent, "base", null, contents);
        const files = watched(source(sent));
        // The manifest is read once per state, before its files.
        files.left = Buffer.byteLength(await readFile(join(sent, object, "base.state"))) + cut;
        await assertRejects(() => transfer("base", files, target(kept)), Error, "cut");
        const during = await tree(kept);
        for (const [name, bytes] of before) assertEquals(during.get(name), bytes, `${name} after ${cut} bytes`);
        files.left = Infinity;
        await transfer("base", files, target(kept));
        assertEquals(await tree(kept), await tree(sent));
      }
    });

    test("goes on only from a beginning whose hash agrees", async () => {
      const manifest = await put(from, "base", null, { "disk/base.qcow2": imageOf("base", null, 3 * STRIDE) });
      const [file] = manifest.files;
      assert(file !== undefined);
      for (const at of [0, STRIDE - 1, STRIDE, 2 * STRIDE]) {
        const kept = join(directory, `to${at}`);
        const part = join(kept, partPath(join(object, file.path), file));
        await mkdir(dirname(part), { recursive: true });
        const bytes = content(2 * STRIDE + 5, 2);
        bytes[at] = 0;
        await writeFile(part, bytes);
        await transfer("base", undefined, target(kept));
        assertEquals(await tree(kept), await tree(from));
      }
    });

    test("refuses a source whose content is not what its manifest says, and does not show it", async () => {
      await put(from, "base", null, { "disk/base.qcow2": imageOf("base", null, 3 * STRIDE) });
      const path = join(from, object, "disk/base.qcow2");
      const whole = await readFile(path);
      for (const change of [0, STRIDE, 3 * STRIDE - 1]) {
        const bytes = Uint8Array.from(whole);
        bytes[change] = 0x77;
        await writeFile(path, bytes);
        const error = await assertRejects(
          () => transfer("base"),
          IntegrityError,
          "its content differs from its digest",
        );
        assertEquals([error.location, error.path], [source(from).location, "guest/disk/base.qcow2"]);
      }
      await writeFile(path, whole.subarray(1));
      await assertRejects(() => transfer("base"), IntegrityError);
      await writeFile(path, Buffer.concat([whole, whole]));
      await assertRejects(() => transfer("base"), IntegrityError, `it has more than ${3 * STRIDE} bytes`);
      assertEquals(await StateFiles.local(to).states(object), []);
    });

    test("never follows a link that a pool has in place of a file", async () => {
      await put(from, "base", null, { "base.tree": content(10, 1) });
      const path = join(from, object, "base.tree");
      const secret = join(directory, "secret");
      await writeFile(secret, await readFile(path));
      await unlink(path);
      await symlink(secret, path);
      await assertRejects(() => transfer("base"), Error);
      assertEquals(await StateFiles.local(to).states(object), []);
    });

    test("never shows an image that would make a program read another file", async () => {
      const evil: Readonly<Record<string, Shape>> = {
        absolute: { backing: "/etc/shadow", extensions: [[FORMAT, "raw"]] },
        elsewhere: { backing: "../../../etc/shadow", extensions: [[FORMAT, "qcow2"]] },
        json: { backing: 'json:{"driver":"raw","file":{"filename":"/etc/shadow"}}' },
        protocol: { backing: "nbd://localhost/x", extensions: [[FORMAT, "qcow2"]] },
        data: { features: 4n, extensions: [[DATA_FILE, "/etc/shadow"]] },
        sibling: { backing: "other.qcow2", extensions: [[FORMAT, "qcow2"]] },
      };
      for (const [state, shape] of Object.entries(evil)) {
        await put(from, state, null, { [`disk/${state}.qcow2`]: image({ clusterBits: 9, ...shape }) });
        const error = await assertRejects(() => transfer(state), ImageError, "is refused");
        assert(error.path.endsWith(".qcow2") || error.path.endsWith(".part"), error.path);
      }
      const names = await readdir(to, { recursive: true });
      assertEquals(names.filter((name) => /(?:qcow2|state|part)$/.test(name)), []);
    });

    test("does not change a state at the target on which others depend there", async () => {
      await put(from, "base", null, { "base.tree": content(10, 1) });
      await put(to, "base", null, { "base.tree": content(10, 2) });
      await put(to, "used", "base", { "used.tree": content(10, 3) });
      await assertRejects(() => transfer("base"), StateError, 'other states depend on it: "used"');
    });

    test("with a chain that is broken or goes round is refused", async () => {
      await put(from, "used", "base", { "used.tree": content(10, 3) });
      await assertRejects(() => transfer("used"), StateError, 'the state "base", on which it depends, does not exist');
      await assertRejects(() => transfer("nothing"), StateError, "it does not exist");
      await put(from, "base", "used", { "base.tree": content(10, 3) });
      await assertRejects(() => transfer("used"), StateError, "depends on itself");
    });

    test("ends with the reason of the signal, and leaves no lock", async () => {
      await put(from, "base", null, { "base.tree": content(10, 1) });
      const signal = AbortSignal.abort(new Error("enough"));
      const run = () =>
        transferChain(new StateFiles(source(from)), new StateFiles(target(to)), context("base"), { signal });
      await assertRejects(run, Error, "enough");
      assertEquals(
        (await readdir(to, { recursive: true }).catch(() => [])).filter((name) => name.endsWith("lock")),
        [],
      );
    });
  });

  describe(`the states of a location: ${name}`, () => {
    let directory = "";
    beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"))));
    afterEach(() => rm(directory, { recursive: true }));

    test("are listed by their manifests, without other files", async () => {
      await put(directory, "base", null, { "base.tree": content(10, 1) });
      await put(directory, "base.state", null, { "base.state.tree": content(10, 1) });
      for (const name of ["x.tree", ".y.lock", ".z.tree.part", "-a.state", ".state"]) {
        await writeFile(join(directory, object, name), "");
      }
      const states = new StateFiles(open(directory));
      assertEquals(await states.states(object), ["base", "base.state"]);
      assertEquals(await states.states("nothing"), []);
    });

    test("are not removed if others depend on them", async () => {
      await put(directory, "base", null, { "base.tree": content(10, 1) });
      await put(directory, "a", "base", { "a.tree": content(10, 1) });
      await put(directory, "b", "base", { "b.tree": content(10, 1) });
      const states = new StateFiles(open(directory));
      const remove = (state: string) => states.remove(context(state, "unset"));
      await assertRejects(
        () => remove("base"),
        StateError,
        'unset "base" of "guest": other states depend on it: "a", "b"',
      );
      for (const state of ["a", "b", "base"]) await remove(state);
      assertEquals([...await tree(directory)], []);
      await assertRejects(() => remove("base"), StateError, "it does not exist");
    });

    test("are finished if a process was killed between the commit and the renaming of a file", async () => {
      const contents = { "base.tree": content(10, 1), "disk/base.qcow2": imageOf("base", null, 600) };
      const manifest = await put(directory, "base", null, contents);
      const whole = await tree(directory);
      const at = (name: string): string => join(directory, object, name);
      await rename(at("base.state"), at(".base.commit"));
      const [, disk] = manifest.files;
      assert(disk !== undefined);
      await rename(at("disk/base.qcow2"), join(directory, partPath(join(object, disk.path), disk)));
      const states = new StateFiles(open(directory));
      assertEquals(await states.states(object), ["base"]);
      await states.finish(object, "base");
      assertEquals(await tree(directory), whole);
    });

    const damages: Readonly<Record<string, (text: string) => string>> = {
      "no JSON": (text) => text.slice(1),
      "another format": (text) => text.replace("tsxs-state", "other"),
      "a newer version": (text) => text.replace('"version": 1', '"version": 2'),
      "the name of another state": (text) => text.replace('"state": "base"', '"state": "other"'),
      "a file outside of its object": (text) => text.replace('"base.tree"', '"../base.tree"'),
      "an absolute file": (text) => text.replace('"base.tree"', '"/etc/base.tree"'),
      "the file of another state": (text) => text.replace('"base.tree"', '"other.tree"'),
      "a negative size": (text) => text.replace('"size": 10', '"size": -1'),
      "an invalid hash": (text) => text.replace(/"sha256": "./, '"sha256": "x'),
      "itself as its parent": (text) => text.replace('"parent": null', '"parent": "base"'),
      "a parent that is a path": (text) => text.replace('"parent": null', '"parent": "../base"'),
    };
    for (const [name, damage] of Object.entries(damages)) {
      test(`are refused if a manifest has ${name}`, async () => {
        await put(directory, "base", null, { "base.tree": content(10, 1) });
        const path = join(directory, object, "base.state");
        const text = await readFile(path, "utf8");
        assert(damage(text) !== text);
        await writeFile(path, damage(text));
        await assertRejects(() => new StateFiles(open(directory)).manifest(object, "base"), IntegrityError);
      });
    }
  });
}
