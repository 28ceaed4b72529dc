// The transport that works on every runtime: a worker has the connection, and this thread sleeps on shared memory.

import type { Worker } from "node:worker_threads";
import { type Address, formatAddress } from "../transport/address.ts";
import { builtin } from "../transport/builtin.ts";
import { BUSY_WAIT_MS } from "../transport/busy.ts";
import { processWide } from "../transport/process_wide.ts";
import { codedError } from "../wire/system_errors.ts";
import { DEVICE_TRAITS, SOCKET_TRAITS, type Traits } from "../transport/transport.ts";
import { atExit } from "./endings.ts";
import { SharedRing, State } from "./shared_memory.ts";
import { type BlockingTransport, spinning } from "./transport.ts";
import { type CheckCode, workerCode } from "./worker_code.ts";
import type { WorkerRequest } from "./worker_thread.ts";

/** A worker, its connections, and how many it ever had. */
interface SharedWorker {
  readonly worker: Worker;
  readonly users: Set<WorkerTransport>;
  opened: number;
}

/** Far more than a worker takes to start and to connect to a busy store. A thread that waits hears of no failure. */
const OPEN_WITHIN_MS = 15_000 + BUSY_WAIT_MS;
/** The longest time of the reply that ends a read of the device. */
const CLOSE_WITHIN_MS = 2000;

/** Connects to a store of any kind. Throws the error of `check`, and that of the worker. */
export function openByWorker(address: Address, spin: number, check: CheckCode): BlockingTransport {
  const name = address.kind === "embedded" && address.path !== "" ? address.path : null;
  const shared = share(name, check);
  const transport = new WorkerTransport(shared.worker, shared.opened++, address, spin, () => {
    shared.users.delete(transport);
    if (shared.users.size > 0) return;
    if (name !== null) named().delete(name);
    void shared.worker.terminate();
  });
  shared.users.add(transport);
  transport.open();
  return transport;
}

function share(name: string | null, check: CheckCode): SharedWorker {
  const found = name === null ? undefined : named().get(name);
  if (found !== undefined) return found;
  const { code, options } = workerCode(check);
  const threads = builtin("node:worker_threads");
  const worker = new threads.Worker(code, options);
  worker.unref();
  const made: SharedWorker = { worker, users: new Set(), opened: 0 };
  // Without a listener the error would end the process.
  worker.on("error", (error) => {
    for (const transport of made.users) transport.end(error);
  });
  if (name !== null) named().set(name, made);
  return made;
}

/** Never called: it makes Deno fetch the worker's code with this module, before a thread waits for the worker. */
export const fetchWorker = (): Promise<unknown> => import("./worker_thread.ts");

/** The workers of embedded stores by name: all handles of one store share one worker. */
function named(): Map<string, SharedWorker> {
  return processWide("blocking.embedded", () => new Map<string, SharedWorker>());
}

class WorkerTransport implements BlockingTransport {
  readonly kind = "worker";
  readonly traits: Traits;
  readonly fd = null;
  readonly canPoll = true;
  readonly #worker: Worker;
  readonly #id: number;
  readonly #address: string;
  readonly #spin: number;
  readonly #ring = new SharedRing();
  readonly #onClose: () => void;
  #closed = false;

  constructor(worker: Worker, id: number, address: Address, spin: number, onClose: () => void) {
    this.traits = address.kind === "xenbus" ? DEVICE_TRAITS : SOCKET_TRAITS;
    this.#worker = worker;
    this.#id = id;
    this.#address = formatAddress(address);
    this.#spin = spin;
    this.#onClose = onClose;
    // A read of the device that waits in a thread of the worker would keep Node from exiting.
    if (this.traits.shared) atExit().add(this.#closeAtExit);
  }

  /** Waits until the worker has connected. */
  open(): void {
    this.#post({ type: "open", id: this.#id, address: this.#address, memory: this.#ring.memory });
    const isDone = this.#ring.wait(() => this.#ring.state !== State.OPENING, OPEN_WITHIN_MS);
    if (this.#ring.state === State.OPEN) return;
    // Closing erases the reason of the failure.
    const { code, message } = this.#ring.error;
    this.close();
    if (!isDone) throw codedError("ETIMEDOUT", `the worker did not open ${this.#address} within ${OPEN_WITHIN_MS} ms`);
    throw codedError(code, message);
  }

  send(bytes: Uint8Array): void {
    if (this.#ring.state === State.ENDED) this.#throwEnd();
    this.#ring.request(bytes);
  }

  receive(into: Uint8Array, from: number, timeout: number): number {
    const ring = this.#ring;
    if (ring.length === 0 && timeout > 0) {
      const hasCome = (): boolean => ring.length > 0 || ring.state === State.ENDED;
      if (this.#spin === 0 || spinning(this.#spin, () => hasCome() ? 1 : 0) === 0) ring.wait(hasCome, timeout);
    }
    const length = ring.take(into, from);
    if (ring.wasStarved()) this.#post({ type: "room", id: this.#id });
    if (length === 0 && ring.state === State.ENDED) this.#throwEnd();
    return length;
  }

  readonly changed = (_pause: number, rest: number): Promise<void> => this.#ring.changed(rest);

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ring.wake();
    this.#post({ type: "close", id: this.#id });
    if (this.traits.shared) {
      atExit().delete(this.#closeAtExit);
      // The worker must not be terminated before that read ends.
      this.#ring.wait(() => this.#ring.state === State.CLOSED, CLOSE_WITHIN_MS);
    }
    this.#onClose();
  }

  /** The worker has ended. */
  end(error: unknown): void {
    this.#ring.setState(State.ENDED, "EPIPE", error instanceof Error ? error.message : String(error));
  }

  readonly #closeAtExit = (): void => this.close();

  #post(request: WorkerRequest): void {
    this.#worker.postMessage(request);
  }

  #throwEnd(): never {
    const { code, message } = this.#ring.error;
    throw codedError(code, message);
  }
}
