// A disk in memory for tests. It can fail or end at any operation, and it loses what was not synced.

import type { Files, OpenFile } from "../../../src/daemon/persistence/files.ts";
import { randomFractions } from "../../support/random.ts";

/** The process or the machine has ended. */
export class Crash extends Error {}

/** A change of a file since its last sync. */
type Step = { readonly bytes: Uint8Array; readonly position: number } | { readonly length: number };

class StoredFile {
  synced: Uint8Array;
  cached: Uint8Array;
  steps: Step[] = [];

  constructor(bytes: Uint8Array) {
    this.synced = this.cached = bytes;
  }

  do(step: Step): void {
    this.cached = after(this.cached, step);
    this.steps.push(step);
  }
}

const SECTOR = 512;

function after(bytes: Uint8Array, step: Step): Uint8Array {
  if ("length" in step) {
    const cut = new Uint8Array(step.length);
    cut.set(bytes.subarray(0, step.length));
    return cut;
  }
  const { position, bytes: written } = step;
  const whole = new Uint8Array(Math.max(bytes.length, position + written.length));
  whole.set(bytes);
  whole.set(written, position);
  return whole;
}

/** Files in memory. */
export class Disk implements Files {
  /** The number of operations that change something. */
  operations = 0;
  /** The number of the operation, from 1, at which the disk ends. A write is then done in part. */
  crashAt: number = Infinity;
  /** The number of the operation that fails, and the error's code. */
  failAt: number = Infinity;
  failWith = "EIO";
  /** Simulates a full disk: from `failAt` on, every write that enlarges a file fails, and nothing else does. */
  full = false;
  #names = new Map<string, StoredFile>();
  #syncedNames = new Map<string, StoredFile>();
  /** The changes of the names since the last sync. */
  #steps: ((names: Map<string, StoredFile>) => void)[] = [];

  /** A disk with these files, all synced. */
  static of(files: Iterable<readonly [name: string, bytes: Uint8Array]>): Disk {
    const disk = new Disk();
    for (const [name, bytes] of files) disk.#names.set(name, new StoredFile(bytes.slice()));
    disk.#syncedNames = new Map(disk.#names);
    return disk;
  }

  /** The disk that the next process finds if this one was killed. */
  afterKill(): Disk {
    return Disk.of([...this.#names].map(([name, { cached }]) => [name, cached]));
  }

  /** The disk after a power failure. Of all that was not synced, any name and any sector may be missing. */
  afterPowerLoss(seed: number): Disk {
    const random = randomFractions(seed);
    const names = new Map(this.#syncedNames);
    const nameChance = random();
    for (const step of this.#steps) if (random() < nameChance) step(names);
    return Disk.of([...names].map(([name, { synced, steps }]) => {
      let bytes = synced;
      const chance = random();
      for (const step of steps) {
        if ("length" in step) {
          if (random() < chance) bytes = after(bytes, step);
          continue;
        }
        for (let at = 0; at < step.bytes.length;) {
          const sector = SECTOR - (step.position + at) % SECTOR;
          const piece = step.bytes.subarray(at, at + sector);
          if (random() < chance) bytes = after(bytes, { bytes: piece, position: step.position + at });
          at += sector;
        }
      }
      return [name, bytes];
    }));
  }

  list(): string[] {
    this.#checkAlive();
    return [...this.#names.keys()];
  }

  read(name: string): Uint8Array {
    this.#checkAlive();
    return this.#get(name).cached.slice();
  }

  create(name: string): OpenFile {
    if (this.#names.has(name)) this.remove(name);
    this.#count("create");
    const file = new StoredFile(new Uint8Array(0));
    this.#rename((names) => names.set(name, file));
    return this.#opened(name, file);
  }

  open(name: string): OpenFile {
    return this.#opened(name, this.#get(name));
  }

  rename(from: string, to: string): void {
    this.#count("rename");
    const file = this.#get(from);
    this.#rename((names) => {
      names.delete(from);
      names.set(to, file);
    });
  }

  remove(name: string): void {
    this.#count("remove");
    this.#get(name);
    this.#rename((names) => names.delete(name));
  }

  syncDirectory(): void {
    this.#count("sync");
    this.#syncedNames = new Map(this.#names);
    this.#steps = [];
  }

  path(name: string): string {
    return `/disk/${name}`;
  }

  #opened(name: string, file: StoredFile): OpenFile {
    const sync = (): void => {
      this.#count("sync");
      file.synced = file.cached;
      file.steps = [];
    };
    return {
      write: (bytes, position) => {
        const copy = bytes.slice();
        const grows = position + copy.length > file.cached.length;
        this.#count(grows ? "grow" : "write", () => file.do({ bytes: copy.subarray(0, copy.length / 2), position }));
        file.do({ bytes: copy, position });
      },
      truncate: (length) => {
        this.#count("truncate");
        file.do({ length });
      },
      sync,
      syncLater: () => Promise.resolve().then(sync),
      isThere: () => this.#names.get(name) === file,
      close: () => this.#checkAlive(),
    };
  }

  #get(name: string): StoredFile {
    const file = this.#names.get(name);
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: "ENOENT" });
    return file;
  }

  #rename(change: (names: Map<string, StoredFile>) => void): void {
    change(this.#names);
    this.#steps.push(change);
  }

  #checkAlive(): void {
    if (this.operations >= this.crashAt) throw new Crash("it has ended");
  }

  #count(operation: string, inPart: () => void = () => {}): void {
    this.#checkAlive();
    this.operations++;
    if (this.operations === this.crashAt) {
      inPart();
      throw new Crash("it has ended");
    }
    const fails = this.full ? this.operations >= this.failAt && operation === "grow" : this.operations === this.failAt;
    if (!fails) return;
    inPart();
    throw Object.assign(new Error(`${this.failWith}: ${operation}`), { code: this.failWith });
  }
}
