// The start of a connection, which takes no longer than is permitted.

import { clearTimeout, setTimeout } from "node:timers";
import { SharedSignals } from "../../client/abort.ts";
import { SftpConnection } from "./connection.ts";
import { RemoteError } from "./errors.ts";
import type { Duplex } from "./process.ts";

/** The limits of a connection, in milliseconds. */
export interface ConnectionLimits {
  /** How long the login, and the first reply, may take. */
  readonly start: number;
  /** How long the host may be silent while it owes replies. */
  readonly silence: number;
}

/**
 * Shakes hands with the server at the other end of a stream, which is closed if that fails. Rejects with a
 * {@linkcode RemoteError} if the host does not answer in time, and with the signal's reason.
 */
export async function startConnection(
  duplex: Duplex,
  host: string,
  { start, silence }: ConnectionLimits,
  signal?: AbortSignal,
): Promise<SftpConnection> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fault = new RemoteError(host, "unreachable", `it did not answer within ${start / 1000} s`);
    timer = setTimeout(() => reject(fault), start);
  });
  const opening = SftpConnection.open(duplex, host, silence);
  try {
    return await new SharedSignals().wait(Promise.race([opening, late]), signal);
  } catch (error) {
    opening.catch(() => {});
    await duplex.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
