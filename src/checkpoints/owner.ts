// The process that holds the lock of a storage: its name on disk, and whether it still runs.

import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";

/** The process that saves a checkpoint, as it names itself in the file. */
export interface LockOwner {
  /** The name of the host. `null` if the runtime did not permit to read it. */
  readonly host: string | null;
  /** The process id. */
  readonly process: number;
  /** The id of the boot of the host. `null` if the system has none, or the runtime did not permit to read it. */
  readonly boot: string | null;
  /** The time in the process's clock, in ISO 8601. */
  readonly time: string;
  /** When the process started, in clock ticks since the boot. `null` if unknown. */
  readonly started: number | null;
  /** The namespace of the process id, such as `"pid:[4026531836]"`. `null` if unknown. */
  readonly namespace: string | null;
}

/** Whether the owner of a lock runs. `"unknown"` if this process cannot tell. */
export type OwnerState = "alive" | "dead" | "unknown";

/** Describes this process. */
export function thisOwner(): LockOwner {
  return {
    host: attempt(() => hostname()),
    process: process.pid,
    boot: bootOf(),
    time: new Date().toISOString(),
    started: startOf("self") ?? null,
    namespace: namespaceOf(),
  };
}

/**
 * Tells whether a process runs.
 *
 * Process ids are reused, so that the time of the start decides, too. No clock is compared.
 */
export function stateOf(owner: LockOwner): OwnerState {
  const boot = bootOf();
  const isSameHost = owner.host !== null && owner.host === attempt(() => hostname());
  if (owner.boot === null || boot === null) return isSameHost ? stateOfProcess(owner) : "unknown";
  // Hosts that share a directory have different names. The same name with another boot is a restart.
  if (owner.boot !== boot) return isSameHost ? "dead" : "unknown";
  const namespace = namespaceOf();
  if (owner.namespace === null || namespace === null || owner.namespace !== namespace) return "unknown";
  return stateOfProcess(owner);
}

function stateOfProcess(owner: LockOwner): OwnerState {
  try {
    process.kill(owner.process, 0);
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === "ESRCH") return "dead";
    // EPERM: the process is another user's. Anything else is a refusal of the runtime.
    if (code !== "EPERM") return "unknown";
  }
  const started = startOf(owner.process);
  if (started === undefined) return "dead";
  return owner.started === null || started === null || owner.started === started ? "alive" : "dead";
}

function bootOf(): string | null {
  return attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
}

function namespaceOf(): string | null {
  return attempt(() => readlinkSync("/proc/self/ns/pid"));
}

/** When a process started. `null` if unknown, and `undefined` if it has ended and its parent has not noticed. */
function startOf(id: number | "self"): number | null | undefined {
  const stat = attempt(() => readFileSync(`/proc/${id}/stat`, "utf8"));
  // The name of the program, in parentheses, may contain spaces and parentheses. Fields 3 and 22 follow it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  const started = Number(fields[19] ?? NaN);
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return Number.isSafeInteger(started) ? started : null;
}

/** Systems without /proc throw, and so do runtimes that do not permit the call. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
