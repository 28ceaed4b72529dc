// The line of an accepted connection on Node, over a net.Socket.

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { LineUser } from "./line.ts";
import type { AcceptedLine } from "./listening.ts";

/** A line over a connection. */
export class NodeLine implements AcceptedLine {
  readonly #socket: Socket;
  readonly #over: Promise<void>;
  #user: LineUser | null = null;

  /** Takes the connection. */
  constructor(socket: Socket) {
    this.#socket = socket;
    // "close" follows.
    socket.on("error", () => {});
    this.#over = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  start(user: LineUser, onOver: () => void): void {
    this.#user = user;
    this.#socket.once("close", () => {
      onOver();
      this.#user?.closed();
    });
    this.#socket.on("drain", () => this.#user?.drained());
    // A plain array: parts of it are made for each request, and those of a Buffer cost more.
    this.#socket.on("data", ({ buffer, byteOffset, length }) => {
      this.#user?.receive(new Uint8Array(buffer, byteOffset, length));
    });
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(Buffer.from(bytes));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#user = null;
    this.#socket.destroy();
  }

  end(): Promise<void> {
    this.#socket.destroy();
    return this.#over;
  }

  unref(): void {
    this.#socket.unref();
  }
}
