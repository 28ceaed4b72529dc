// The nodes of a store by byte strings: what the store has comes back unchanged, valid or not.

import type { Client } from "../client/client.ts";
import { listDirectory } from "../client/listing.ts";
import { ConnectionError } from "../transport/errors.ts";
import type { Part } from "../wire/encoder.ts";
import { errnoError, XenStoreError } from "../wire/errors.ts";
import { Operation, operationName } from "../wire/operations.ts";
import { splitStrings } from "../wire/text.ts";
import { bytesOf } from "./bytes.ts";
import type { Source } from "./tree_reader.ts";
import type { WritableTree } from "./tree_writer.ts";

/** A client, or a transaction. */
type Nodes = Pick<Client, "execute">;

/** Reads and writes the nodes of a client, or within a transaction. */
export class RawNodes implements Source, WritableTree {
  readonly #nodes: Nodes;
  readonly #signal: AbortSignal | undefined;

  /** Takes the signal that ends each wait. */
  constructor(nodes: Nodes, signal: AbortSignal | undefined) {
    this.#nodes = nodes;
    this.#signal = signal;
  }

  read(path: string): Promise<Uint8Array> {
    return this.#ask(Operation.READ, path);
  }

  async permissions(path: string): Promise<string[]> {
    return splitStrings(await this.#ask(Operation.GET_PERMS, path));
  }

  list(path: string): Promise<string[]> {
    return listDirectory(async (operation, parse, parts) => parse(await this.#ask(operation, path, ...parts)));
  }

  async write(path: string, value: Uint8Array): Promise<void> {
    await this.#ask(Operation.WRITE, path, value);
  }

  async mkdir(path: string): Promise<void> {
    await this.#ask(Operation.MKDIR, path);
  }

  async setPermissions(path: string, permissions: readonly string[]): Promise<void> {
    await this.#ask(Operation.SET_PERMS, path, ...permissions.map(terminated));
  }

  async remove(path: string): Promise<void> {
    await this.#ask(Operation.RM, path);
  }

  async #ask(operation: Operation, path: string, ...parts: readonly Part[]): Promise<Uint8Array> {
    try {
      return await this.#nodes.execute(operation, [terminated(path), ...parts], { signal: this.#signal });
    } catch (error) {
      // A request of any operation does not know which of its parts is the path.
      if (!(error instanceof XenStoreError) || error instanceof ConnectionError) throw error;
      throw errnoError(error.code, { operation: operationName(operation), path, cause: error });
    }
  }
}

function terminated(text: string): Uint8Array {
  return bytesOf(`${text}\0`);
}
