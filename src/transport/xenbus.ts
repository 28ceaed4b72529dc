// The XenBus device, on every runtime: the kernel's end of a domain's connection to its store.

import { close, constants, open, read, writeSync } from "node:fs";
import process from "node:process";
import { encodePacket } from "../wire/encoder.ts";
import { Operation } from "../wire/operations.ts";
import { Lockstep } from "./lockstep.ts";
import { Ticker } from "./ticker.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { checkNoNul } from "./socket_path.ts";
import { DEVICE_TRAITS, type OpenOptions, type Receiver, type Transport } from "./transport.ts";

const RECEIVE_SIZE = 65536;
/** How often a connection that does not keep the process alive looks for events, in milliseconds. */
const POLL_MS = 100;

/** Opens the device at `path`. Rejects with the system's `code`. */
export function openDevice(path: string, { signal }: OpenOptions = {}): Promise<Transport> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    checkNoNul(path);
    open(path, constants.O_RDWR, (error, fd) => {
      if (error !== null) return reject(error);
      if (!signal?.aborted) return resolve(new XenbusTransport(fd));
      close(fd, () => reject(signal.reason));
    });
  });
}

class XenbusTransport implements Transport {
  readonly traits = DEVICE_TRAITS;
  readonly #fd: number;
  readonly #buffer = new Uint8Array(RECEIVE_SIZE);
  readonly #lockstep: Lockstep;
  #receiver: Receiver | null = null;
  #closing: Promise<void> | null = null;
  #reading = false;
  /** Whether the connection keeps the process alive: a read that waits does. */
  #isHeld = true;
  readonly #polls: Ticker = new Ticker(POLL_MS, () => this.#poll());
  #readDone: () => void = () => {};

  constructor(fd: number) {
    this.#fd = fd;
    this.#lockstep = new Lockstep(
      (message) => {
        if (this.#closing === null) writeSync(fd, message);
      },
      (bytes) => this.#receiver?.receive(bytes),
      (error) => this.#end(error),
    );
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    process.on("exit", this.#wakeRead);
    this.#read();
  }

  send(bytes: Uint8Array): void {
    if (this.#closing === null) this.#orEnd(() => this.#lockstep.send(bytes));
    this.#readIfDue();
  }

  close(): Promise<void> {
    this.#receiver = null;
    return this.#closing ??= this.#close();
  }

  ref(): void {
    this.#isHeld = true;
    this.#polls.stop();
    this.#readIfDue();
  }

  /** Reads only while an answer is due: a harmless request ends the read that waits, and others look for events. */
  unref(): void {
    this.#isHeld = false;
    this.#polls.start();
    this.#poll();
  }

  async #close(): Promise<void> {
    this.#polls.stop();
    process.off("exit", this.#wakeRead);
    if (this.#reading) {
      const done = new Promise<void>((resolve) => this.#readDone = resolve);
      this.#wakeRead();
      await done;
    }
    await new Promise<void>((resolve) => close(this.#fd, () => resolve()));
  }

  /**
   * Nothing cancels a read that waits in the kernel, and Node does not exit while one waits. A reply ends the read: the
   * one that is due, or that of a harmless request.
   */
  readonly #wakeRead = (): void => {
    if (!this.#reading || this.#lockstep.isAnswerDue) return;
    try {
      writeSync(this.#fd, encodePacket(Operation.GET_DOMAIN_PATH, 0, 0, ["0"]));
    } catch {
      // The device is gone, and then the read has ended as well.
    }
  };

  #poll(): void {
    if (this.#receiver === null || !this.#lockstep.isIdle) return;
    this.#orEnd(() => this.#lockstep.poll());
    this.#readIfDue();
  }

  #readIfDue(): void {
    const isDue = this.#isHeld || !this.#lockstep.isIdle;
    if (isDue && !this.#reading && this.#closing === null && this.#receiver !== null) this.#read();
  }

  // The length is never 0: a read of 0 bytes would wait forever in the kernel.
  #read(): void {
    this.#reading = true;
    read(this.#fd, this.#buffer, 0, RECEIVE_SIZE, null, (error, length) => {
      this.#reading = false;
      if (this.#closing !== null) return this.#readDone();
      if (error !== null) {
        if (codeOf(error) === "EINTR") return this.#read();
        return this.#end(error);
      }
      if (length === 0) return this.#end(codedError("EPIPE", "the device has no more to read"));
      this.#orEnd(() => this.#lockstep.receive(this.#buffer.subarray(0, length)));
      this.#readIfDue();
    });
  }

  #orEnd(use: () => void): void {
    try {
      use();
    } catch (error) {
      this.#end(error);
    }
  }

  #end(cause: unknown): void {
    const receiver = this.#receiver;
    void this.close();
    receiver?.ended(cause);
  }
}
