// Reads the nodes of a walk, each by two requests that go out together.

import { Operation } from "../wire/operations.ts";
import { splitStrings } from "../wire/text.ts";
import { checkedPath } from "./arguments.ts";
import { type Ask, isTooBig, listInParts } from "./listing.ts";
import type { NodeContext, Sender } from "./node_context.ts";
import { bytesReply } from "./replies.ts";
import type { ReplyHandler } from "./request.ts";

/** What the two requests of a node return: its value, and the names of its children. */
export type NodeReply = Uint8Array | string[];

/** How a walk reads from the store. */
export interface WalkReader {
  /**
   * Sends the two requests of a node. The handler is called for each of them, in any order. Throws if one of them
   * cannot be sent.
   */
  read(path: string, handler: ReplyHandler<NodeReply>): void;
  /** Lists the children again if their names did not fit one reply. Returns `null` if the error is another one. */
  listAgain(path: string, error: unknown): Promise<string[]> | null;
}

/** Reads nodes by the requests of a client or a transaction. */
export class NodeReader implements WalkReader {
  readonly #sender: Sender;
  readonly #transactionId: number;
  readonly #track: NodeContext["track"];

  /** Makes a reader. */
  constructor(sender: Sender, transactionId: number, track: NodeContext["track"]) {
    this.#sender = sender;
    this.#transactionId = transactionId;
    this.#track = track;
  }

  /** Sends the two requests of a node. */
  read(path: string, handler: ReplyHandler<NodeReply>): void {
    const transactionId = this.#transactionId;
    const parts = [checkedPath(path, Operation.READ)];
    this.#sender.send<Uint8Array>(
      { operation: Operation.READ, transactionId, path, parts, parse: bytesReply },
      handler,
    );
    this.#sender.send<string[]>(
      { operation: Operation.DIRECTORY, transactionId, path, parts, parse: splitStrings },
      handler,
    );
  }

  /** Lists the children in parts if the error says that their names do not fit one reply. */
  listAgain(path: string, error: unknown): Promise<string[]> | null {
    if (!isTooBig(error) || error.operation !== "DIRECTORY") return null;
    const ask: Ask = (operation, parse, parts) => {
      const transactionId = this.#transactionId;
      return this.#sender.request({ operation, transactionId, path, parts: [path, ...parts], parse });
    };
    return listInParts(ask, error, () => this.#track("list"));
  }
}
