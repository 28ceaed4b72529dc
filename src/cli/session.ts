// The requests of the command to a store: any bytes go out, and the store alone judges them.

import { listDirectory } from "../client/listing.ts";
import { bytesReply, numberReply, okReply, transactionReply } from "../client/replies.ts";
import type { Router } from "../client/router.ts";
import type { Part } from "../wire/encoder.ts";
import { errnoError } from "../wire/errors.ts";
import { Operation, operationName } from "../wire/operations.ts";
import { splitStrings, withoutNul } from "../wire/text.ts";
import type { ConnectionError } from "../transport/errors.ts";
import { bytesOf, byteString } from "./bytes.ts";
import { openConnection } from "./connection.ts";
import type { Globals } from "./globals.ts";
import type { Invocation } from "./invocation.ts";
import type { Patience } from "./patience.ts";

/** What a session needs of a connection. */
export interface Line extends Pick<Router, "request" | "subscribe" | "knowsWatchDepth"> {
  /** The end of the connection, if it ends by itself. It does not resolve otherwise. */
  readonly ended: Promise<ConnectionError>;
  /** Whether requests are traced, and need their paths for that. */
  readonly isTraced: boolean;
  /** Closes the connection, or leaves it to others. */
  close(): Promise<void>;
}

/** A connection of the command. Paths and names are byte strings. */
export class Session {
  /** The end of the connection, if it ends by itself. It does not resolve otherwise. */
  readonly ended: Promise<ConnectionError>;
  readonly #line: Line;
  readonly #patience: Patience | null;

  /**
   * Connects. Throws a {@linkcode Failure} with the text of the tools if no store can be reached. `patience` limits the
   * time of connecting and of each reply.
   */
  static async open(invocation: Invocation, globals: Globals, patience: Patience | null): Promise<Session> {
    return new Session(await openConnection(invocation, globals, patience), patience);
  }

  /** Makes a session on an open connection. */
  constructor(line: Line, patience: Patience | null) {
    this.#line = line;
    this.ended = line.ended;
    this.#patience = patience;
  }

  /** Reads a value. */
  read(path: string, transactionId = 0): Promise<Uint8Array> {
    return this.#ask(Operation.READ, [terminated(path)], bytesReply, transactionId);
  }

  /** Writes a value. */
  write(path: string, value: Uint8Array, transactionId: number): Promise<void> {
    return this.#ask(Operation.WRITE, [terminated(path), value], okReply, transactionId);
  }

  /** Makes a node unless it exists. */
  mkdir(path: string, transactionId: number): Promise<void> {
    return this.#ask(Operation.MKDIR, [terminated(path)], okReply, transactionId);
  }

  /** Lists the names of the children of a node. */
  list(path: string, transactionId = 0): Promise<string[]> {
    return listDirectory((operation, parse, parts) =>
      this.#ask(operation, [terminated(path), ...parts], parse, transactionId)
    );
  }

  /** Removes a node and everything below it. */
  remove(path: string, transactionId: number): Promise<void> {
    return this.#ask(Operation.RM, [terminated(path)], okReply, transactionId);
  }

  /** Reads the permissions of a node, as the store writes them. */
  permissions(path: string): Promise<string[]> {
    return this.#ask(Operation.GET_PERMS, [terminated(path)], splitStrings);
  }

  /** Sets the permissions of a node. */
  setPermissions(path: string, permissions: readonly string[], transactionId: number): Promise<void> {
    return this.#ask(Operation.SET_PERMS, [path, ...permissions].map(terminated), okReply, transactionId);
  }

  /** Starts a transaction, and resolves with its number. */
  startTransaction(): Promise<number> {
    return this.#ask(Operation.TRANSACTION_START, [""], transactionReply);
  }

  /** Ends a transaction. Rejects with EAGAIN if another client made changes that conflict. */
  endTransaction(transactionId: number, commits: boolean): Promise<void> {
    return this.#ask(Operation.TRANSACTION_END, [commits ? "T" : "F"], okReply, transactionId);
  }

  /** Sets a watch whose token is its path. `depth` needs a store that knows the depth of watches. */
  async watch(path: string, depth: number | null, onEvent: (path: string) => void): Promise<void> {
    if (depth !== null && !(await this.#line.knowsWatchDepth())) throw errnoError("ENOSYS", { operation: "WATCH" });
    this.#line.subscribe(path, { deliver: onEvent });
    const parts = [path, path, ...depth === null ? [] : [`${depth}`]];
    await this.#ask(Operation.WATCH, parts.map(terminated), okReply);
  }

  /** Sends a command to the daemon, and resolves with its answer up to the first NUL. */
  control(words: readonly string[]): Promise<string> {
    return this.#ask(
      Operation.CONTROL,
      words.map(terminated),
      (payload) => splitStrings(withoutNul(payload))[0] ?? "",
    );
  }

  /** Reads a quota of a domain. 0 means no limit. */
  quota(name: string, domid: string): Promise<number> {
    return this.#ask(Operation.GET_QUOTA, [domid, name].map(terminated), numberReply);
  }

  /** Closes the connection. */
  close(): Promise<void> {
    return this.#line.close();
  }

  #ask<T>(
    operation: Operation,
    parts: readonly Part[],
    parse: (payload: Uint8Array) => T,
    transactionId = 0,
  ): Promise<T> {
    const path = this.#line.isTraced ? tracedPath(operation, parts) : undefined;
    const reply = this.#line.request({ operation, transactionId, parts, parse, path });
    return this.#patience?.limit(operationName(operation), reply) ?? reply;
  }
}

/** Returns the path of a request for a trace. */
function tracedPath(operation: Operation, [first = ""]: readonly Part[]): string | undefined {
  if (operation === Operation.TRANSACTION_START || operation === Operation.TRANSACTION_END) return undefined;
  return typeof first === "string" ? first : byteString(withoutNul(first));
}

function terminated(text: string): Uint8Array {
  return bytesOf(`${text}\0`);
}
