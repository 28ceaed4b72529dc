// A scripted store at the other end of a client's transport.

import { assertEquals } from "@std/assert";
import { Client, type ClientOptions } from "../../src/client/client.ts";
import { Router } from "../../src/client/router.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import type { Traits, Transport } from "../../src/transport/transport.ts";
import { Decoder } from "../../src/wire/decoder.ts";
import { encodePacket, type Part } from "../../src/wire/encoder.ts";
import type { Packet } from "../../src/wire/header.ts";
import { Operation, operationName } from "../../src/wire/operations.ts";
import { shown } from "./bytes.ts";

/** A received request, and the ways to answer it. */
export class Received {
  readonly #peer: Peer;
  readonly type: number;
  readonly requestId: number;
  readonly transactionId: number;
  readonly payload: Uint8Array;

  constructor(peer: Peer, { type, requestId, transactionId, payload }: Packet) {
    this.#peer = peer;
    this.type = type;
    this.requestId = requestId;
    this.transactionId = transactionId;
    this.payload = payload.slice();
  }

  /** The operation and the payload, with "|" for NUL: `"READ /a|"`. */
  get text(): string {
    return `${operationName(this.type)} ${shown(this.payload)}`;
  }

  /** The strings of the payload. */
  get strings(): string[] {
    return shown(this.payload).split("|").slice(0, -1);
  }

  /** The first string of the payload. */
  get path(): string {
    return this.strings[0] ?? "";
  }

  /** The bytes of the reply. A NUL is added to text. */
  answer(...parts: Part[]): Uint8Array {
    return encodePacket(this.type, this.requestId, this.transactionId, parts);
  }

  reply(...parts: Part[]): void {
    this.#peer.send(this.answer(...parts));
  }

  ok(): void {
    this.reply("OK");
  }

  error(name: string): void {
    this.#peer.send(encodePacket(Operation.ERROR, this.requestId, this.transactionId, [name]));
  }
}

export type Handler = (request: Received) => void;

/** The scripted store. */
export class Peer {
  /** The client's end. */
  readonly transport: Transport;
  /** The number of received chunks. The client sends each of them in one piece. */
  writes = 0;
  /** The number of harmless requests after requests without a payload. The peer answers them itself. */
  nudges = 0;
  /** Resolves with the cause when the client has closed. */
  readonly ended: Promise<unknown>;
  /** Whether either side has ended the connection. */
  isOver = false;
  readonly #far: Transport;
  readonly #requests: Received[] = [];
  readonly #takers: ((request: Received) => void)[] = [];
  #handler: Handler | null = null;
  #awaitsNudge = false;

  constructor(traits?: Partial<Traits>) {
    const [near, far] = memoryPair({ payloadMax: 4096, shared: false, ...traits });
    this.transport = near;
    this.#far = far;
    const decoder = new Decoder((packet) => this.#take(new Received(this, packet)));
    this.ended = new Promise((resolve) => {
      far.start({
        receive: (bytes) => {
          this.writes++;
          decoder.push(bytes);
        },
        ended: (cause) => {
          this.isOver = true;
          resolve(cause);
        },
      });
    });
  }

  /** The next request. */
  next(): Promise<Received> {
    const request = this.#requests.shift();
    if (request !== undefined) return Promise.resolve(request);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The next requests. */
  async take(count: number): Promise<Received[]> {
    const taken: Received[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  /** The next request, which must be this one: `"READ /a|"`. */
  async expect(text: string): Promise<Received> {
    const request = await this.next();
    assertEquals(request.text, text);
    return request;
  }

  /** The requests that the test has not taken. */
  get waiting(): readonly string[] {
    return this.#requests.map(({ text }) => text);
  }

  /** Passes every request to a function from now on. */
  serve(handler: Handler): void {
    this.#handler = handler;
    for (const request of this.#requests.splice(0)) handler(request);
  }

  /** Sends bytes unchanged. */
  send(bytes: Uint8Array): void {
    this.#far.send(bytes);
  }

  event(path: string, token: string): void {
    this.send(encodePacket(Operation.WATCH_EVENT, 0, 0, [path, token]));
  }

  /** Closes the connection. Bytes that were sent before still arrive. */
  cut(): void {
    this.isOver = true;
    void this.#far.close();
  }

  #take(request: Received): void {
    if (this.#awaitsNudge && request.text === "GET_DOMAIN_PATH 0|") {
      this.#awaitsNudge = false;
      this.nudges++;
      return request.reply("/local/domain/0");
    }
    this.#awaitsNudge ||= request.payload.length === 0;
    if (this.#handler !== null) return this.#handler(request);
    const taker = this.#takers.shift();
    if (taker === undefined) this.#requests.push(request);
    else taker(request);
  }
}

/** A client, and its store. */
export async function connected(
  traits?: Partial<Traits>,
  options?: ClientOptions,
): Promise<{ client: Client; peer: Peer }> {
  const peer = new Peer(traits);
  return { peer, client: await new Client(peer.transport, options).connect() };
}

/** A router, and its store. */
export function routed(traits?: Partial<Traits>, firstId = 1): { router: Router; peer: Peer; ends: Error[] } {
  const peer = new Peer(traits);
  const ends: Error[] = [];
  return { peer, ends, router: new Router(peer.transport, (error) => ends.push(error), { firstId }) };
}

/** Waits until nothing happens without further action, for tests that expect nothing. */
export async function quiet(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  // A busy machine needs more turns.
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Returns the result of a promise that settles without further action. */
export function atOnce<T>(promise: Promise<T>): Promise<T> {
  const late = quiet().then(quiet).then((): never => {
    throw new Error("it still waits");
  });
  return Promise.race([promise, late]);
}
