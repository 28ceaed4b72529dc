// Opens a transport, by the adapter of the runtime.

import { type Address, defaultAddresses, formatAddress, parseAddress } from "./address.ts";
import { whileBusy } from "./busy.ts";
import { type ConnectionError, noneFound, openFailure } from "./errors.ts";
import { isPollUseful } from "./poll_option.ts";
import type { OpenOptions, Transport } from "./transport.ts";

/** Opens the Unix socket at a path, by the API of the runtime that this is. Waits while its backlog is full. */
async function openUnix(path: string, options: OpenOptions): Promise<Transport> {
  const adapter = "Deno" in globalThis
    ? await import("./deno.ts")
    : "Bun" in globalThis
    ? await import("./bun.ts")
    : await import("./node.ts");
  const open = () => whileBusy(() => adapter.openUnix(path, options), options.signal);
  const { poll = 0 } = options;
  return isPollUseful(poll) ? await openPolled(open, poll) : await open();
}

/** Opens a connection that polls, by what the event loop of the runtime needs. */
async function openPolled(open: () => Promise<Transport>, microseconds: number): Promise<Transport> {
  const way = "Deno" in globalThis ? await import("./polling_deno.ts") : await import("./polling_turns.ts");
  return await way.openPolled(open, microseconds);
}

async function openXenbus(path: string, options: OpenOptions): Promise<Transport> {
  const { openDevice } = await import("./xenbus.ts");
  return await openDevice(path, options);
}

async function openEmbedded(name: string): Promise<Transport> {
  // The daemon is loaded on demand: most clients do not need it.
  const embedded = await import("../daemon/embedded.ts");
  return await embedded.openEmbedded(name);
}

const openers: Record<Address["kind"], (path: string, options: OpenOptions) => Promise<Transport>> = {
  unix: openUnix,
  xenbus: openXenbus,
  embedded: openEmbedded,
};

/** An open transport and its address. */
export interface Opened {
  /** The transport. */
  readonly transport: Transport;
  /** The address, or `"transport"` for a transport of the caller. */
  readonly address: string;
}

/**
 * Opens the transport of an address. Without an address, opens the first of {@linkcode defaultAddresses} that opens.
 *
 * Rejects with a {@linkcode ConnectionError} that lists the attempts and has the code of the last one.
 */
export async function openTransport(address: string | undefined, options: OpenOptions = {}): Promise<Opened> {
  const { opened, found } = await openFirst(address, ({ kind, path }) => openers[kind](path, options), options.signal);
  return { transport: opened, address: formatAddress(found) };
}

/**
 * Opens an address by a function, or the first of {@linkcode defaultAddresses} that the function opens.
 *
 * Rejects as {@linkcode openTransport} does.
 */
export async function openFirst<T>(
  address: string | undefined,
  open: (candidate: Address) => Promise<T>,
  signal?: AbortSignal,
): Promise<{ readonly opened: T; readonly found: Address }> {
  const candidates = address === undefined ? defaultAddresses() : [parseAddress(address)];
  const failures: ConnectionError[] = [];
  for (const candidate of candidates) {
    try {
      return { opened: await open(candidate), found: candidate };
    } catch (error) {
      signal?.throwIfAborted();
      const failure = openFailure(candidate, error);
      if (address !== undefined) throw failure;
      failures.push(failure);
    }
  }
  throw noneFound(failures, 'connect("embedded:")');
}
