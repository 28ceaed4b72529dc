// Opens streams to stores and listens for them, by the API of the runtime that this is.

import { type Address, formatAddress } from "../../transport/address.ts";
import { whileBusy } from "../../transport/busy.ts";
import { openFirst, openTransport } from "../../transport/open.ts";
import type { ByteStream, OpenedStream, StreamAdapter } from "./byte_stream.ts";
import type { Bound } from "./listening.ts";

/** Loads the adapter of this runtime. */
async function loadAdapter(): Promise<StreamAdapter> {
  return "Deno" in globalThis
    ? await import("./streams_deno.ts")
    : "Bun" in globalThis
    ? await import("./streams_bun.ts")
    : await import("./streams_node.ts");
}

/** Binds as {@linkcode StreamAdapter.bind} does. */
export async function bindStreams(path: string, onStream: (stream: ByteStream) => void): Promise<Bound> {
  const adapter = await loadAdapter();
  return await adapter.bind(path, onStream);
}

/**
 * Opens a stream to the store at an address, or to the first store that is found. Rejects as
 * {@linkcode openTransport} does.
 */
export async function openStream(address: string | undefined): Promise<OpenedStream> {
  const { opened, found } = await openFirst(address, open);
  return { stream: opened, address: formatAddress(found) };
}

async function open(candidate: Address): Promise<ByteStream> {
  if (candidate.kind === "unix") {
    const adapter = await loadAdapter();
    return await whileBusy(() => adapter.connect(candidate.path), undefined);
  }
  const { TransportStream } = await import("./transport_stream.ts");
  return new TransportStream((await openTransport(formatAddress(candidate))).transport);
}
