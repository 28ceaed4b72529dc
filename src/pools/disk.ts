// A disk as a part of states: a QCOW2 image, whose states are images that it depends on.

import { lstat, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf } from "../wire/system_errors.ts";
import type { StateRequest } from "./backend.ts";
import { copyContent } from "./copy.ts";
import { StateError } from "./errors.ts";
import { LocalFiles } from "./files_local.ts";
import { checkedState } from "./names.ts";
import type { KeptPart, StatePart } from "./part.ts";
import { checkImage, IMAGE_END, imageName, readHeader } from "./qcow2/chain.ts";
import { headerFault, ImageError } from "./qcow2/header.ts";
import { qemuImg } from "./qcow2/qemu_img.ts";
import type { StateFiles } from "./state_files.ts";

/** A disk. */
export interface DiskOptions {
  /** The name of the disk among those of its object. */
  readonly name: string;
  /** The absolute path of the image that the guest uses. */
  readonly image: string;
  /**
   * The size of a new disk in bytes, for an object that is made.
   *
   * @default none: a missing disk is an error
   */
  readonly size?: number | undefined;
}

/** A disk as a part of states. No guest may use the image while an operation runs. */
export class Disk implements StatePart {
  readonly #name: string;
  readonly #image: string;
  readonly #size: number | undefined;

  /** Names the disk and its image. Throws a `RangeError` if the name is invalid. */
  constructor({ name, image, size }: DiskOptions) {
    this.#name = checkedState(name);
    this.#image = image;
    this.#size = size;
  }

  fileOf(state: string): string {
    return join(this.#name, `${state}${IMAGE_END}`);
  }

  async exists(): Promise<boolean> {
    try {
      return (await lstat(this.#image)).isFile();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  async make(request: StateRequest): Promise<void> {
    if (this.#size === undefined) {
      throw this.#error("set", request, `the image ${JSON.stringify(this.#image)} is missing, and no size is given`);
    }
    await this.#replace(["-f", "qcow2"], [`${this.#size}`], request.signal);
  }

  async remove(): Promise<void> {
    await rm(this.#image, { force: true });
  }

  async parent({ object, signal }: StateRequest, states: StateFiles): Promise<string | null> {
    const directory = join(states.files.location, object, this.#name);
    const header = await readHeader(new LocalFiles(dirname(this.#image)), basename(this.#image), signal);
    const { backingFile } = header;
    const below = backingFile === null ? null : resolve(dirname(this.#image), backingFile);
    const fault = headerFault({ ...header, backingFile: below === null ? null : basename(below) });
    if (fault !== null) throw new ImageError(this.#image, fault);
    if (below === null) return null;
    if (below.endsWith(IMAGE_END) && await isSameDirectory(dirname(below), directory)) {
      return basename(below, IMAGE_END);
    }
    const found = `it depends on ${JSON.stringify(below)}, which is no state in ${JSON.stringify(directory)}`;
    throw new ImageError(this.#image, found);
  }

  async keep(request: StateRequest, states: StateFiles, path: string): Promise<KeptPart> {
    const { object, state, signal } = request;
    const file = join(states.files.location, path);
    const parent = await this.parent(request, states);
    // The program takes the lock of the image: it fails if a guest writes to it.
    await qemuImg(this.#image, ["info", "--output=json", "-f", "qcow2", this.#image], signal);
    if (parent !== state) {
      const image = { files: new LocalFiles(dirname(this.#image)), path: basename(this.#image) };
      await copyContent(image, { files: states.files, path }, signal);
      if (parent === null) return { parent };
      // A relative name: the directory may be another one on another host.
      await qemuImg(file, ["rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", imageName(parent) ?? "", file], signal);
      return { parent };
    }
    // The image depends on the state that it replaces: the new content is that of both.
    const below = await states.manifest(object, state);
    const base = below?.parent ?? null;
    const backing = base === null ? [] : ["-F", "qcow2", "-B", imageName(base) ?? ""];
    await qemuImg(file, ["convert", "-f", "qcow2", "-O", "qcow2", ...backing, this.#image, file], signal);
    return { parent: base };
  }

  async restore(request: StateRequest, states: StateFiles): Promise<void> {
    const { object, state, signal } = request;
    const chain = await states.chain({ operation: "get", object, state });
    const path = (name: string): string => join(object, this.fileOf(name));
    for (const manifest of chain) await checkImage(states.files, manifest, path(manifest.state), { signal });
    const backing = join(states.files.location, path(state));
    await this.#replace(["-f", "qcow2", "-F", "qcow2", "-b", backing], [], signal);
  }

  /** Makes a new image in place of the one that the guest uses. */
  async #replace(
    options: readonly string[],
    operands: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const fresh = join(dirname(this.#image), `.${basename(this.#image)}.new`);
    await rm(fresh, { force: true });
    await qemuImg(this.#image, ["create", "-q", ...options, fresh, ...operands], signal);
    await rename(fresh, this.#image);
  }

  #error(operation: string, { object, state }: StateRequest, fault: string): StateError {
    return new StateError(fault, { operation, object, state });
  }
}

async function isSameDirectory(one: string, other: string): Promise<boolean> {
  try {
    return await realpath(one) === await realpath(other);
  } catch {
    return false;
  }
}
