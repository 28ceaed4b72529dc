// A subtree of the store as a part of states: each state is a checkpoint of it.

import { join } from "node:path";
import type { Client } from "../client/client.ts";
import type { OpenBytes, TreeStorage } from "../checkpoints/trees/payload.ts";
import type { DomidMapping } from "../checkpoints/trees/mapping.ts";
import { openTree } from "../checkpoints/trees/open_tree.ts";
import { restoreTree } from "../checkpoints/trees/restore_tree.ts";
import { saveTree } from "../checkpoints/trees/save_tree.ts";
import type { StateRequest } from "./backend.ts";
import type { PoolFiles } from "./files.ts";
import type { KeptPart, StatePart } from "./part.ts";
import type { StateFiles } from "./state_files.ts";

/** The end of the name of a checkpoint. */
export const TREE_END = ".tree";

/** A subtree of the store. */
export interface SubtreeOptions {
  /** The client of the store. */
  readonly client: Client;
  /** The path of the top. */
  readonly path: string;
  /**
   * The domain for which a state is restored, as {@linkcode restoreTree} takes it.
   *
   * @default none: paths and owners are restored as they were saved
   */
  readonly domid?: number | DomidMapping | undefined;
}

/** A subtree of the store as a part of states. Restoring it replaces the whole subtree in one transaction. */
export class Subtree implements StatePart {
  readonly #client: Client;
  readonly #path: string;
  readonly #domid: number | DomidMapping | undefined;

  /**
   * Names the subtree.
   *
   * @param options The client, the path, and the domain for which states are restored.
   */
  constructor(options: SubtreeOptions) {
    const { client, path, domid } = options;
    this.#client = client;
    this.#path = path;
    this.#domid = domid;
  }

  /**
   * Returns the path of the file of a state below the directory of its object.
   *
   * @param state The name of the state.
   * @returns The path, such as `clean.tree`.
   */
  fileOf(state: string): string {
    return `${state}${TREE_END}`;
  }

  /**
   * Tells whether the part itself exists.
   *
   * @param request The object.
   * @returns Whether it exists.
   */
  async exists(request: StateRequest): Promise<boolean> {
    const { signal } = request;
    return await this.#client.exists(this.#path, { signal });
  }

  /**
   * Makes the part.
   *
   * @param request The object.
   * @throws {StateError} If it cannot be made.
   */
  async make(request: StateRequest): Promise<void> {
    const { signal } = request;
    await this.#client.mkdir(this.#path, { signal });
  }

  /**
   * Removes the part, and keeps its states.
   *
   * @param request The object.
   */
  async remove(request: StateRequest): Promise<void> {
    const { signal } = request;
    if (await this.#client.exists(this.#path, { signal })) await this.#client.delete(this.#path, { signal });
  }

  /**
   * Returns `null`, because no checkpoint depends on another one.
   *
   * @returns `null`.
   */
  parent(): Promise<null> {
    return Promise.resolve(null);
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
    const { signal } = request;
    await saveTree(this.#client, this.#path, { storage: storageOf(states.files, path), signal });
    return { parent: null };
  }

  /**
   * Puts the part into the condition that a state keeps, whose files were verified.
   *
   * @param request The object and the state.
   * @param states The states of this host.
   */
  async restore(request: StateRequest, states: StateFiles): Promise<void> {
    const { object, state, signal } = request;
    const checkpoint = await openTree(storageOf(states.files, join(object, this.fileOf(state))), { signal });
    const domid = this.#domid === undefined ? {} : { domid: this.#domid };
    await restoreTree(this.#client, checkpoint, { to: this.#path, ...domid, signal });
  }
}

/** Returns a file of a location as a storage of a checkpoint. The digest of the state protects its content. */
function storageOf(files: PoolFiles, path: string): TreeStorage {
  return {
    location: join(files.location, path),
    save: async (bytes, { signal } = {}) => {
      const file = await files.openPart(path);
      try {
        let position = 0;
        await file.truncate(0);
        for await (const piece of bytes) {
          signal?.throwIfAborted();
          await file.write(piece, position);
          position += piece.length;
        }
        await file.sync();
      } finally {
        await file.close();
      }
    },
    open: async ({ signal } = {}): Promise<OpenBytes | null> => {
      const status = await files.status(path);
      if (status === null) return null;
      return {
        size: status.size,
        chunks: () => files.read(path, { signal }),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
  };
}
