// A subtree of the store as a part of states: each state is a checkpoint of it.

import { join } from "node:path";
import type { Client } from "../client/client.ts";
import type { OpenBytes, TreeStorage } from "../checkpoints/payload.ts";
import type { DomidMapping } from "../checkpoints/mapping.ts";
import { openTree } from "../checkpoints/open_tree.ts";
import { restoreTree } from "../checkpoints/restore_tree.ts";
import { saveTree } from "../checkpoints/save_tree.ts";
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

  /** Names the subtree. */
  constructor({ client, path, domid }: SubtreeOptions) {
    this.#client = client;
    this.#path = path;
    this.#domid = domid;
  }

  fileOf(state: string): string {
    return `${state}${TREE_END}`;
  }

  async exists({ signal }: StateRequest): Promise<boolean> {
    return await this.#client.exists(this.#path, { signal });
  }

  async make({ signal }: StateRequest): Promise<void> {
    await this.#client.mkdir(this.#path, { signal });
  }

  async remove({ signal }: StateRequest): Promise<void> {
    if (await this.#client.exists(this.#path, { signal })) await this.#client.delete(this.#path, { signal });
  }

  parent(): Promise<null> {
    return Promise.resolve(null);
  }

  async keep({ signal }: StateRequest, states: StateFiles, path: string): Promise<KeptPart> {
    await saveTree(this.#client, this.#path, { storage: storageOf(states.files, path), signal });
    return { parent: null };
  }

  async restore({ object, state, signal }: StateRequest, states: StateFiles): Promise<void> {
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
