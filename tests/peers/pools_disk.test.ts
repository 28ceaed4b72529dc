// States of disks, with the real qemu-img: chains, overwrites, images in use, and images that lead to other files.

import { execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { digestOf } from "../../src/pools/digest.ts";
import { Disk } from "../../src/pools/disk.ts";
import { StateError } from "../../src/pools/errors.ts";
import { LocalStates } from "../../src/pools/local_states.ts";
import { ImageError } from "../../src/pools/qcow2/header.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { checkStates, getStates, popStates, setStates, showStates, unsetStates } from "../../src/pools/states.ts";
import { transferChain } from "../../src/pools/transfer.ts";

const MIB = 2 ** 20;

function qemu(program: "qemu-img" | "qemu-io", ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

describe("the states of a disk", () => {
  let directory = "";
  let backend: LocalStates;
  let image = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "tsxs-disk-"));
    image = join(directory, "disk.qcow2");
    mkdirSync(join(directory, "states"));
    backend = new LocalStates({
      directory: join(directory, "states"),
      parts: () => [new Disk({ name: "disk", image, size: 16 * MIB })],
    });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const of = (state: string) => [{ object: "guest", state }];
  /** Writes a byte to a part of the disk, as a guest would. */
  const write = (byte: number, at: number): void => {
    qemu("qemu-io", "-f", "qcow2", "-c", `write -P ${byte} ${at}M 1M`, image);
  };
  /** The first byte of each MiB of the disk. */
  const content = (path = image): number[] => {
    const raw = join(directory, "raw");
    qemu("qemu-img", "convert", "-f", "qcow2", "-O", "raw", path, raw);
    const bytes = readFileSync(raw);
    return Array.from({ length: 16 }, (_, i) => bytes[i * MIB] ?? -1);
  };
  const stateImage = (state: string): string => join(directory, "states/guest/disk", `${state}.qcow2`);
  const backingOf = (path: string): unknown =>
    JSON.parse(qemu("qemu-img", "info", "--output=json", path))["backing-filename"];
  /** The bytes, in the MiBs of the disk. */
  const bytes = (...values: readonly number[]): number[] => [...values, ...Array(16 - values.length).fill(0)];

  test("are made, listed, and returned to in any order", async () => {
    assertEquals(await checkStates(backend, of("a")), false);
    write(1, 0);
    await setStates(backend, of("a"));
    await getStates(backend, of("a"));
    write(2, 1);
    await setStates(backend, of("b"));
    await getStates(backend, of("b"));
    write(3, 2);
    await setStates(backend, of("c"));
    assertEquals(await showStates(backend, ["guest"]), ["a", "b", "c"]);
    for (const [state, expected] of [["b", bytes(1, 2)], ["a", bytes(1)], ["c", bytes(1, 2, 3)]] as const) {
      await getStates(backend, of(state));
      assertEquals(content(), expected);
    }
    assertEquals([backingOf(stateImage("a")), backingOf(stateImage("b"))], [undefined, "a.qcow2"]);
    for (const state of ["a", "b", "c"]) qemu("qemu-img", "check", "-q", stateImage(state));
  });

  test("that depend on each other are not removed, nor is the one that the disk depends on", async () => {
    await checkStates(backend, of("a"));
    await setStates(backend, of("a"));
    await getStates(backend, of("a"));
    await setStates(backend, of("b"));
    await assertRejects(() => unsetStates(backend, of("a")), StateError, "depends on it");
    rmSync(image);
    await assertRejects(() => unsetStates(backend, of("a"), { checkPolicy: "rf" }), StateError, '"b"');
    await unsetStates(backend, of("b"));
    await unsetStates(backend, of("a"));
    assertEquals(readdirSync(join(directory, "states/guest"), { recursive: true }), ["disk"]);
  });

  test("have names that an image can name, or are refused before anything is kept", async () => {
    await checkStates(backend, of("a"));
    for (const state of ["12:30", "größe"]) {
      await assertRejects(() => setStates(backend, of(state)), StateError, "no image could depend on this state");
    }
    assertEquals(await showStates(backend, ["guest"]), []);
  });

  test("keep the size of a disk that is made anew without a size", async () => {
    await checkStates(backend, of("a"));
    write(1, 0);
    const disk = new Disk({ name: "disk", image });
    const sizeless = new LocalStates({ directory: join(directory, "states"), parts: () => [disk] });
    assertEquals(await checkStates(sizeless, of("a"), { checkPolicy: "ff" }), false);
    assertEquals(content(), bytes());
  });

  test("keep the size of a disk that is made anew by another object of the same image", async () => {
    await checkStates(backend, of("a"));
    const fresh = new LocalStates({
      directory: join(directory, "states"),
      parts: () => [new Disk({ name: "disk", image })],
    });
    assertEquals(await checkStates(fresh, of("a"), { checkPolicy: "ff" }), false);
    assertEquals(content(), bytes());
  });

  test("are returned to by two processes with an image of each", async () => {
    await checkStates(backend, of("a"));
    await setStates(backend, [...of("a"), ...of("b")]);
    const prepare = (state: string) =>
      new Disk({ name: "disk", image }).prepare(
        { object: "guest", state, scopes: [], skipLocks: false },
        backend.states,
      );
    const [first, second] = [await prepare("a"), await prepare("b")];
    await first.commit();
    assertEquals(backingOf(image), stateImage("a"));
    await second.commit();
    assertEquals(backingOf(image), stateImage("b"));
    await Promise.all(["a", "b", "a", "b"].map((state) => getStates(backend, of(state))));
    assertEquals(readdirSync(directory).filter((name) => name.startsWith(".")), []);
  });

  test("are returned to although a killed process has left a new image, which is removed after a day", async () => {
    await checkStates(backend, of("a"));
    await setStates(backend, of("a"));
    const [old, young, stranger] = [
      ".disk.qcow2.new.00112233445566aa",
      ".disk.qcow2.new.00112233445566bb",
      ".disk.new",
    ];
    for (const name of [old, young, stranger]) writeFileSync(join(directory, name), "left");
    for (const name of [old, stranger]) utimesSync(join(directory, name), 1, 1);
    await getStates(backend, of("a"));
    const left = readdirSync(directory).filter((name) => name.startsWith("."));
    assertEquals(left.sort(), [stranger, young].sort());
  });

  test("of two disks are returned to together, or not at all", async () => {
    const second = join(directory, "other/second.qcow2");
    mkdirSync(join(directory, "other"));
    const both = new LocalStates({
      directory: join(directory, "states"),
      parts: () => [image, second].map((path, i) => new Disk({ name: `disk${i}`, image: path, size: 16 * MIB })),
    });
    await checkStates(both, of("a"));
    write(1, 0);
    await setStates(both, of("a"));
    write(2, 0);
    rmSync(join(directory, "other"), { recursive: true });
    const request = { object: "guest", state: "a", scopes: [], skipLocks: false };
    await assertRejects(() => both.get(request), ImageError, "second.qcow2");
    assertEquals([content()[0], readdirSync(directory).filter((name) => name.includes(".new"))], [2, []]);
    mkdirSync(join(directory, "other"));
    await both.get(request);
    assertEquals([content()[0], existsSync(second)], [1, true]);
  });

  test("are returned to by a pop, which keeps the state because the disk depends on it", async () => {
    await checkStates(backend, of("a"));
    write(1, 0);
    await setStates(backend, of("a"));
    write(2, 0);
    await assertRejects(
      () => popStates(backend, of("a")),
      StateError,
      "the present content of the object depends on it",
    );
    assertEquals([content(), await showStates(backend, ["guest"])], [bytes(1), ["a"]]);
  });

  test("are overwritten by what depends on them, and by what depends on the same state", async () => {
    await checkStates(backend, of("a"));
    write(1, 0);
    await setStates(backend, of("a"));
    await getStates(backend, of("a"));
    write(2, 1);
    await setStates(backend, of("b"));
    write(3, 2);
    await setStates(backend, of("b"));
    await getStates(backend, of("b"));
    assertEquals(content(), bytes(1, 2, 3));
    write(4, 3);
    await setStates(backend, of("b"));
    await getStates(backend, of("b"));
    assertEquals(content(), bytes(1, 2, 3, 4));
    assertEquals(backingOf(stateImage("b")), "a.qcow2");
  });

  test("are not overwritten if another state depends on them, or if the new one depends on another state", async () => {
    await checkStates(backend, of("a"));
    await setStates(backend, of("a"));
    await setStates(backend, of("other"));
    await getStates(backend, of("a"));
    await setStates(backend, of("b"));
    const before = readFileSync(stateImage("a"));
    await assertRejects(() => setStates(backend, of("a")), StateError, 'other states depend on the existing one: "b"');
    const different = 'the existing state depends on no state, and the new one on "a"';
    await assertRejects(() => setStates(backend, of("other")), StateError, different);
    assert(before.equals(readFileSync(stateImage("a"))));
    const names = readdirSync(join(directory, "states"), { recursive: true, encoding: "utf8" });
    assertEquals(names.filter((name) => /\.(?:new|part|lock)/.test(name)), []);
  });

  test("are not made of an image that a program writes to", async () => {
    await checkStates(backend, of("a"));
    const program = spawn("qemu-io", ["-f", "qcow2", image], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise((resolve) => program.once("close", resolve));
    try {
      // The program has the lock of the image when it asks for a command.
      await new Promise<void>((resolve, reject) => {
        program.once("error", reject).once("close", () => reject(new Error("qemu-io has ended")));
        program.stdout.once("data", () => resolve());
      });
      await assertRejects(() => setStates(backend, of("a")), ImageError, "lock");
    } finally {
      program.stdin.end("quit\n");
      await ended;
    }
    await setStates(backend, of("a"));
  });

  test("are verified before they are returned to", async () => {
    await checkStates(backend, of("a"));
    write(1, 0);
    await setStates(backend, of("a"));
    await getStates(backend, of("a"));
    await setStates(backend, of("b"));
    write(9, 9);
    const damaged = readFileSync(stateImage("a"));
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    writeFileSync(stateImage("a"), damaged);
    await assertRejects(() => getStates(backend, of("b")), Error, "its content differs from its digest");
    assert(existsSync(image));
  });

  test("move with all that they depend on", async () => {
    await checkStates(backend, of("a"));
    write(1, 0);
    await setStates(backend, of("a"));
    await getStates(backend, of("a"));
    write(2, 1);
    await setStates(backend, of("b"));
    const pool = StateFiles.local(join(directory, "pool"));
    await transferChain(backend.states, pool, { operation: "set", object: "guest", state: "b" });
    rmSync(join(directory, "states"), { recursive: true });
    assertEquals(content(join(directory, "pool/guest/disk/b.qcow2")), bytes(1, 2));
  });
});

describe("an evil image in a pool", () => {
  const secret = "the content of another file of the host";
  let directory = "";
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "tsxs-disk-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  /** What makes QEMU read the file of the host, as arguments of qemu-img create. */
  const attacks: Readonly<Record<string, (file: string) => readonly string[]>> = {
    "with a raw file of the host below it": (file) => ["-b", file, "-F", "raw"],
    "with a relative way out of its directory": (
      file,
    ) => ["-b", `../../../${file.split("/").at(-1)}`, "-F", "raw", "-u"],
    "with JSON for what is below it": (
      file,
    ) => ["-b", `json:{"driver":"raw","file":{"driver":"file","filename":"${file}"}}`, "-F", "raw"],
    "with its data in a file of the host": (file) => ["-o", `data_file=${file},data_file_raw=on`],
  };
  for (const [name, attack] of Object.entries(attacks)) {
    test(`${name} does not make the host read that file`, async () => {
      const file = join(directory, "secret");
      writeFileSync(file, secret.padEnd(MIB, "\0"));
      const evil = join(directory, "evil.qcow2");
      qemu("qemu-img", "create", "-q", "-f", "qcow2", ...attack(file), evil, `${MIB}`);
      // The data file was made empty.
      writeFileSync(file, secret.padEnd(MIB, "\0"));
      const pool = join(directory, "pool");
      const part = join(pool, "guest/disk");
      mkdirSync(part, { recursive: true });
      copyFileSync(evil, join(part, "a.qcow2"));
      const digest = await digestOf([readFileSync(evil)]);
      const states = StateFiles.local(pool);
      await states.commit(
        { object: "guest", state: "a", parent: null, files: [{ path: "disk/a.qcow2", ...digest }] },
        { hasParts: false },
      );
      const image = join(directory, "disk.qcow2");
      const parts = () => [new Disk({ name: "disk", image, size: MIB })];
      const cache = new LocalStates({ directory: join(directory, "cache"), parts });
      const context = { operation: "get", object: "guest", state: "a" };
      await assertRejects(() => transferChain(states, cache.states, context), ImageError, "is refused");
      assertEquals(await showStates(cache, ["guest"]), []);
      // The pool itself as the directory of the host.
      const own = new LocalStates({ directory: pool, parts });
      await assertRejects(() => getStates(own, [{ object: "guest", state: "a" }]), ImageError, "is refused");
      assert(!readFileSync(image).includes(secret));
    });
  }
});
