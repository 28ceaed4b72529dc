// Opens a transport: the one place that asks which runtime this is.

import { type Address, defaultAddresses, formatAddress, noneNamed, parseAddress } from "./address.ts";
import { ConnectionError } from "./errors.ts";
import { codeOf, type OpenOptions, type Transport } from "./transport.ts";

/** Opens the Unix socket at a path, by the API of the runtime that this is. */
async function openUnix(path: string, options: OpenOptions): Promise<Transport> {
  const adapter = "Deno" in globalThis
    ? await import("./deno.ts")
    : "Bun" in globalThis
    ? await import("./bun.ts")
    : await import("./node.ts");
  return await adapter.openUnix(path, options);
}

async function openXenbus(path: string, options: OpenOptions): Promise<Transport> {
  const { openDevice } = await import("./xenbus.ts");
  return await openDevice(path, options);
}

async function openEmbedded(name: string): Promise<Transport> {
  // Only who wants a store within the process loads the daemon.
  const embedded = await import("../daemon/embedded.ts");
  return await embedded.openEmbedded(name);
}

const openers: Record<Address["kind"], (path: string, options: OpenOptions) => Promise<Transport>> = {
  unix: openUnix,
  xenbus: openXenbus,
  embedded: openEmbedded,
};

/** The permissions that Deno asks for, by the flags that give them. */
const flags: Record<Address["kind"], (path: string) => string> = {
  unix: (path) => `--allow-net=unix:${path} --allow-read=${path} --allow-write=${path}`,
  xenbus: () => "--allow-all (Deno opens no device with less)",
  embedded: () => "",
};

/** An open transport, and where it leads. */
export interface Opened {
  /** The way to the store. */
  readonly transport: Transport;
  /** Its address, or `"transport"` where the caller brought it. */
  readonly address: string;
}

/**
 * Opens the transport of an address or, without one, the first that opens of {@linkcode defaultAddresses}. Rejects with a
 * {@linkcode ConnectionError} that says what was tried and why it failed, and has the code of the last attempt.
 */
export async function openTransport(address: string | undefined, options: OpenOptions = {}): Promise<Opened> {
  const candidates = address === undefined ? defaultAddresses() : [parseAddress(address)];
  const failures: ConnectionError[] = [];
  for (const candidate of candidates) {
    try {
      const transport = await openers[candidate.kind](candidate.path, options);
      return { transport, address: formatAddress(candidate) };
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(failure(candidate, error));
    }
  }
  const [first] = failures;
  if (failures.length === 1 && first !== undefined) throw first;
  const tried = failures.map(({ message }) => `\n  ${message}`).join("");
  throw new ConnectionError(
    `no XenStore found: ${noneNamed()}, and none of these opened:${tried}`,
    { cause: new AggregateError(failures, "every attempt failed") },
    failures.at(-1)?.code,
  );
}

function failure(candidate: Address, error: unknown): ConnectionError {
  const reason = error instanceof Error ? error.message : String(error);
  const denied = error instanceof Error && error.name === "NotCapable";
  const text = `cannot connect to ${formatAddress(candidate)}: ${reason}`;
  return denied
    ? new ConnectionError(`${text}; Deno needs ${flags[candidate.kind](candidate.path)}`, { cause: error }, "EACCES")
    : new ConnectionError(text, { cause: error }, codeOf(error));
}
