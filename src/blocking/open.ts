// Opens a blocking transport: the one place that asks which runtime this is, and what it offers.

import { type Address, defaultAddresses, formatAddress, parseAddress } from "../transport/address.ts";
import { builtin } from "../transport/builtin.ts";
import { type ConnectionError, noneFound, openFailure } from "../transport/errors.ts";
import { openDeviceByDescriptor } from "./descriptor.ts";
import { openSocketByDescriptor } from "./descriptor_node.ts";
import { openDeviceByLibc, openSocketByLibc } from "./ffi.ts";
import type { Libc } from "./libc.ts";
import { openBunLibc } from "./libc_bun.ts";
import { openDenoLibc } from "./libc_deno.ts";
import type { BlockingKind, BlockingOptions, BlockingTransport } from "./transport.ts";
import { openByWorker } from "./worker.ts";
import { type CheckCode, checkCodeFile, checkDenoCode, checkNodeCode } from "./worker_code.ts";

/**
 * Microseconds to spin by default where there is more than one CPU; where there is one, the store could not run
 * meanwhile.
 */
const SPIN = 150;

/** An open transport, and where it leads. */
export interface OpenedBlocking {
  readonly transport: BlockingTransport;
  readonly address: string;
}

/** One way to open an address; `null` where the runtime has none of it, or may not use it. */
type Way = (address: Address, spin: number) => BlockingTransport | null;
type Ways = Readonly<Record<BlockingKind, Way>>;

/**
 * All adapters are loaded, of which each asks its runtime for what it needs only when it is called: a handle opens
 * within one synchronous call, where nothing can be imported on demand.
 */
function waysOf(openLibc: (() => Libc | null) | null, checkCode: CheckCode): Ways {
  return {
    ffi({ kind, path }, spin) {
      const libc = kind === "embedded" ? null : openLibc?.() ?? null;
      if (libc === null) return null;
      try {
        return kind === "unix" ? openSocketByLibc(libc, path, spin) : openDeviceByLibc(libc, path, spin);
      } catch (error) {
        libc.release();
        throw error;
      }
    },
    descriptor({ kind, path }, spin) {
      if (kind === "xenbus") return openDeviceByDescriptor(path);
      return kind === "unix" && openLibc === null ? openSocketByDescriptor(path, spin) : null;
    },
    worker: (address, spin) => openByWorker(address, spin, checkCode),
  };
}

/** What is tried, the fastest first. */
const ORDER: readonly BlockingKind[] = ["ffi", "descriptor", "worker"];

function ways(): Ways {
  if ("Deno" in globalThis) return waysOf(openDenoLibc, checkDenoCode);
  if ("Bun" in globalThis) return waysOf(openBunLibc, checkCodeFile);
  return waysOf(null, checkNodeCode);
}

/** How long to spin where nobody says: not at all on one CPU, and not before a worker, which needs a CPU itself. */
export function defaultSpin(kind: BlockingKind): number {
  return kind !== "worker" && builtin("node:os").availableParallelism() > 1 ? SPIN : 0;
}

/**
 * Opens an address or, without one, the first that opens of those where a store is looked for. Throws a
 * {@linkcode ConnectionError} that says what was tried and why it failed, and has the code of the last attempt; a
 * `RangeError` where the wanted transport is none, or leads to no address that there is.
 */
export function openBlocking(address: string | undefined, options: BlockingOptions = {}): OpenedBlocking {
  const { transport: wanted } = options;
  if (wanted !== undefined && !ORDER.includes(wanted)) {
    throw new RangeError(`no transport "${wanted}": there are ${ORDER.join(", ")}`);
  }
  const candidates = address === undefined ? defaultAddresses() : [parseAddress(address)];
  const failures: ConnectionError[] = [];
  for (const candidate of candidates) {
    try {
      const transport = openOne(candidate, options);
      if (transport !== null) return { transport, address: formatAddress(candidate) };
    } catch (error) {
      const failure = openFailure(candidate, error);
      if (address !== undefined) throw failure;
      failures.push(failure);
    }
  }
  if (failures.length > 0) throw noneFound(failures, 'xs({ address: "embedded:" })');
  const where = candidates.map(formatAddress).join(", ");
  throw new RangeError(`transport "${wanted}" cannot open ${where}: not on this runtime, or not permitted`);
}

/** `null` where the one way that is wanted does not lead there. */
function openOne(address: Address, { transport: wanted, spin }: BlockingOptions): BlockingTransport | null {
  const all = ways();
  for (const kind of wanted === undefined ? ORDER : [wanted]) {
    const transport = all[kind](address, spin ?? defaultSpin(kind));
    if (transport !== null) return transport;
  }
  return null;
}
