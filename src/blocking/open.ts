// Opens a blocking transport: chooses by the runtime and by what it offers.

import { type Address, defaultAddresses, formatAddress, parseAddress } from "../transport/address.ts";
import { availableCpus } from "../transport/builtin.ts";
import { type ConnectionError, noneFound, openFailure } from "../transport/errors.ts";
import { checkNumber } from "../wire/checks.ts";
import { openDeviceByDescriptor } from "./descriptor.ts";
import { openSocketByDescriptor } from "./descriptor_node.ts";
import { openDeviceByLibc, openSocketByLibc } from "./ffi.ts";
import type { Interrupts } from "./interrupts.ts";
import type { Libc } from "./libc.ts";
import { openBunLibc } from "./libc_bun.ts";
import { openDenoLibc } from "./libc_deno.ts";
import { processInterrupts } from "./signals_process.ts";
import type { BlockingKind, BlockingOptions, BlockingTransport } from "./transport.ts";
import { openByWorker } from "./worker.ts";
import { type CheckCode, checkCodeFile, checkDenoCode, checkNodeCode } from "./worker_code.ts";

/**
 * The default of microseconds to spin with more than one CPU. With one CPU, the store could not run while the client
 * spins.
 */
const SPIN = 150;

/** An open transport and its address. */
export interface OpenedBlocking {
  readonly transport: BlockingTransport;
  readonly address: string;
  /** The signals to handle during calls; `null` in a thread. */
  readonly interrupts: Interrupts | null;
}

/** One way to open an address; `null` if the runtime does not have it, or may not use it. */
type Way = (address: Address, spin: number) => BlockingTransport | null;
type Ways = Readonly<Record<BlockingKind, Way>>;

/**
 * All adapters are loaded, and each uses its runtime only when it is called: a handle opens within one synchronous
 * call, which cannot import on demand.
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

/** The transports to try, the fastest first. */
const ORDER: readonly BlockingKind[] = ["ffi", "descriptor", "worker"];

function ways(): Ways {
  if ("Deno" in globalThis) return waysOf(openDenoLibc, checkDenoCode);
  if ("Bun" in globalThis) return waysOf(openBunLibc, checkCodeFile);
  return waysOf(null, checkNodeCode);
}

/** The default of microseconds to spin: 0 on one CPU, and 0 for a worker, which needs a CPU itself. */
export function defaultSpin(kind: BlockingKind): number {
  return kind !== "worker" && availableCpus() > 1 ? SPIN : 0;
}

/**
 * Opens an address or, without one, the first default address that opens. Throws a {@linkcode ConnectionError} that
 * lists the attempts and has the code of the last one. Throws a `RangeError` if `spin` is invalid, or if the given
 * transport is unknown or cannot reach any address.
 */
export function openBlocking(address: string | undefined, options: BlockingOptions = {}): OpenedBlocking {
  const { transport: wanted, spin } = options;
  if (spin !== undefined) checkNumber("spin", spin);
  if (wanted !== undefined && !ORDER.includes(wanted)) {
    throw new RangeError(`no transport "${wanted}": there are ${ORDER.join(", ")}`);
  }
  const candidates = address === undefined ? defaultAddresses() : [parseAddress(address)];
  const failures: ConnectionError[] = [];
  for (const candidate of candidates) {
    try {
      const transport = openOne(candidate, options);
      if (transport === null) continue;
      return { transport, address: formatAddress(candidate), interrupts: processInterrupts() };
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

/** Returns `null` if the given transport cannot reach the address. */
function openOne(address: Address, { transport: wanted, spin }: BlockingOptions): BlockingTransport | null {
  const all = ways();
  for (const kind of wanted === undefined ? ORDER : [wanted]) {
    const transport = all[kind](address, spin ?? defaultSpin(kind));
    if (transport !== null) return transport;
  }
  return null;
}
