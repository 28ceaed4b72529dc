// A disk as a part of states: a QCOW2 image, whose states are images that it depends on.

import { lstat, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { checkedWhole } from "../wire/checks.ts";
import { codeOf } from "../wire/system_errors.ts";
import type { StateRequest } from "./backend.ts";
import { copyContent } from "./copy.ts";
import { noteImage } from "./dependents.ts";
import { StateError } from "./errors.ts";
import { LocalFiles } from "./files_local.ts";
import { newImageName, removeOldImages } from "./leftovers.ts";
import { checkedState } from "./names.ts";
import type { KeptPart, PreparedPart, StatePart } from "./part.ts";
import { checkImage, IMAGE_END, imageName, readHeader } from "./qcow2/chain.ts";
import { backingFault, headerFault, ImageError } from "./qcow2/header.ts";
import { qemuImg } from "./qcow2/qemu_img.ts";
import type { StateFiles } from "./state_files.ts";

/** A disk. */
export interface DiskOptions {
  /** The name of the disk among those of its object. */
  readonly name: string;
  /** The absolute path of the image that the guest uses. */
  readonly image: string;
  /**
   * The size of a new disk in bytes, from 0, for an object that is made.
   *
   * @default none: a missing disk is an error
   */
  readonly size?: number | undefined;
  /**
   * Whether a missing image counts as existing, so that it is not made. For operations that replace the disk.
   *
   * @default false
   */
  readonly mayBeMissing?: boolean | undefined;
}

/** A disk as a part of states. No guest may use the image while an operation runs. */
export class Disk implements StatePart {
  /** The absolute path of the image that the guest uses. */
  readonly image: string;
  readonly #name: string;
  readonly #mayBeMissing: boolean;
  #size: number | undefined;

  /**
   * Names the disk and its image.
   *
   * @param options The name, the image, and the size of a new image.
   * @throws {RangeError} If the name or the size is invalid.
   */
  constructor(options: DiskOptions) {
    const { name, image, size, mayBeMissing = false } = options;
    this.#name = checkedState(name);
    this.image = image;
    if (size !== undefined) checkedWhole("size", size, 0);
    this.#size = size;
    this.#mayBeMissing = mayBeMissing;
  }

  /**
   * Returns the path of the file of a state below the directory of its object.
   *
   * @param state The name of the state.
   * @returns The path, such as `clean.tree`.
   */
  fileOf(state: string): string {
    return join(this.#name, `${state}${IMAGE_END}`);
  }

  /**
   * Tells whether the image exists, or may be missing.
   *
   * @returns Whether it is a file, or may be missing.
   */
  async exists(): Promise<boolean> {
    return this.#mayBeMissing || await this.#isFile();
  }

  async #isFile(): Promise<boolean> {
    try {
      return (await lstat(this.image)).isFile();
    } catch (error) {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    }
  }

  /**
   * Makes the part.
   *
   * @param request The object.
   * @throws {StateError} If it cannot be made.
   */
  async make(request: StateRequest): Promise<void> {
    if (this.#size === undefined) {
      throw this.#error("set", request, `the image ${JSON.stringify(this.image)} is missing, and no size is given`);
    }
    await rename(await this.#create(["-f", "qcow2"], [`${this.#size}`], request.signal), this.image);
  }

  /**
   * Removes the part, and keeps its states.
   */
  async remove(): Promise<void> {
    // An object that is made anew has a disk of the same size.
    if (this.#size === undefined && await this.#isFile()) {
      const { virtualSize } = await readHeader(new LocalFiles(dirname(this.image)), basename(this.image));
      this.#size = Number(virtualSize);
    }
    await rm(this.image, { force: true });
  }

  /**
   * Returns the state on which the present content depends.
   *
   * @param request The object.
   * @param states The states of this host.
   * @returns The name of the state, or `null`.
   */
  async parent(request: StateRequest, states: StateFiles): Promise<string | null> {
    const { object, signal } = request;
    const directory = join(states.files.location, object, this.#name);
    const header = await readHeader(new LocalFiles(dirname(this.image)), basename(this.image), signal);
    const { backingFile } = header;
    const below = backingFile === null ? null : resolve(dirname(this.image), backingFile);
    const fault = headerFault({ ...header, backingFile: below === null ? null : basename(below) });
    if (fault !== null) throw new ImageError(this.image, fault);
    if (below === null) return null;
    if (below.endsWith(IMAGE_END) && await isSameDirectory(dirname(below), directory)) {
      return basename(below, IMAGE_END);
    }
    const found = `it depends on ${JSON.stringify(below)}, which is no state in ${JSON.stringify(directory)}`;
    throw new ImageError(this.image, found);
  }

  /**
   * Puts the present content of the part into a new file among those of the states.
   *
   * @param request The object and the state.
   * @param states The states of this host.
   * @param path The path of the new file below the location of the states.
   * @returns The state that the file depends on.
   */
  async keep(request: StateRequest, states: StateFiles, path: string): Promise<KeptPart> {
    const { object, state, signal } = request;
    const file = join(states.files.location, path);
    // The next state names this one in the header of its image.
    const fault = backingFault(imageName(state) ?? "", "qcow2");
    if (fault !== null) throw this.#error("set", request, `no image could depend on this state: ${fault}`);
    // The program would follow a link in the place of a directory.
    await states.files.status(path);
    const parent = await this.parent(request, states);
    // The program takes the lock of the image: it fails if a guest writes to it.
    await qemuImg(this.image, ["info", "--output=json", "-f", "qcow2", this.image], signal);
    const base = parent === state ? (await states.manifest(object, state))?.parent ?? null : parent;
    if (parent === state && base === null) {
      // The image depends on the state that it replaces: the new content is that of both.
      await qemuImg(file, ["convert", "-f", "qcow2", "-O", "qcow2", this.image, file], signal);
      return { parent: null };
    }
    const image = { files: new LocalFiles(dirname(this.image)), path: basename(this.image) };
    await copyContent(image, { files: states.files, path }, signal);
    // Relative names: the directory may be another one on another host.
    const rebase = async (below: string | null, isSafe: boolean): Promise<void> => {
      if (below === null) return;
      const options = isSafe ? [] : ["-u"];
      const backing = imageName(below) ?? "";
      await qemuImg(file, ["rebase", ...options, "-f", "qcow2", "-F", "qcow2", "-b", backing, file], signal);
    };
    await rebase(parent, false);
    // The safe way copies what the state below has and the new one below lacks. "convert -B" would lose it.
    if (parent !== base) await rebase(base, true);
    return { parent: base };
  }

  /**
   * Puts the part into the condition that a state keeps, whose files were verified.
   *
   * @param request The object and the state.
   * @param states The states of this host.
   */
  async restore(request: StateRequest, states: StateFiles): Promise<void> {
    await (await this.prepare(request, states)).commit();
  }

  /**
   * Makes an image that depends on that of a state, beside the one that the guest uses.
   *
   * @param request The object and the state.
   * @param states The states of this host.
   * @returns The step that gives the new image its name.
   */
  async prepare(request: StateRequest, states: StateFiles): Promise<PreparedPart> {
    const { object, state, signal } = request;
    const chain = await states.chain({ operation: "get", object, state });
    const path = (name: string): string => join(object, this.fileOf(name));
    for (const manifest of chain) await checkImage(states.files, manifest, path(manifest.state), { signal });
    const backing = join(states.files.location, path(state));
    const fresh = await this.#create(["-f", "qcow2", "-F", "qcow2", "-b", backing], [], signal);
    return {
      commit: async () => {
        // Noted before, so that no image depends on a state without a note, and after, because a removal between may
        // have taken the note of an image that did not depend on the state yet.
        await noteImage(states, request, this.image);
        await rename(fresh, this.image);
        await noteImage(states, request, this.image);
      },
      discard: () => rm(fresh, { force: true }),
    };
  }

  /** Makes a new image beside the one that the guest uses. Resolves with its path. */
  async #create(
    options: readonly string[],
    operands: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<string> {
    await removeOldImages(new LocalFiles(dirname(this.image)), basename(this.image)).catch(() => {});
    const fresh = join(dirname(this.image), newImageName(basename(this.image)));
    try {
      await qemuImg(this.image, ["create", "-q", ...options, fresh, ...operands], signal);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
    return fresh;
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
