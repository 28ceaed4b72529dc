// Requests a shutdown of a domain, as libxl does, and waits until the guest acknowledges it.

import type { RequestOptions } from "../client/arguments.ts";
import type { Client } from "../client/client.ts";
import { checkedWhole, checkOptions, type OptionNames } from "../wire/checks.ts";
import { ShutdownTimeoutError, ShutdownUnsupportedError } from "./errors.ts";
import type { Life } from "./life.ts";
import { homeOf } from "./reading.ts";
import { untilFound, within } from "./until.ts";
import { textOrNull } from "./values.ts";

/** The shutdowns that a guest can be asked for. */
const KINDS: readonly ShutdownKind[] = ["poweroff", "reboot", "suspend", "halt"];

/** A shutdown that a guest can be asked for. */
export type ShutdownKind = "poweroff" | "reboot" | "suspend" | "halt";

/** The options of a request for a shutdown. */
export interface ShutdownOptions extends RequestOptions {
  /**
   * How long the guest has time after the request is written, in milliseconds, from 0 to 2147483647.
   *
   * @default 60000, as in libxl
   */
  readonly timeout?: number | undefined;
}

/** What a guest acknowledged. */
export interface ShutdownAcknowledgement {
  /** The shutdown. */
  readonly kind: ShutdownKind;
  /** Whether the guest had announced that it obeys this request: its node `control/feature-KIND` is `"1"`. */
  readonly isPromised: boolean;
}

const SHUTDOWN_OPTIONS: OptionNames<ShutdownOptions> = { signal: true, timeout: true };
const TIMEOUT_MAX = 2 ** 31 - 1;

/** Requests the shutdown of a domain. */
export async function requestShutdown(
  client: Client,
  life: Life,
  kind: ShutdownKind,
  options: ShutdownOptions,
): Promise<ShutdownAcknowledgement> {
  checkOptions("requestShutdown", options, SHUTDOWN_OPTIONS);
  if (!KINDS.includes(kind)) {
    const known = KINDS.map((name) => JSON.stringify(name)).join(", ");
    throw new TypeError(`requestShutdown: the kind is ${JSON.stringify(kind)}: expected one of ${known}`);
  }
  const { timeout = 60_000, signal } = options;
  checkedWhole("timeout", timeout, 0, TIMEOUT_MAX);
  const id = await life.checkRunning("requestShutdown", { signal });
  const control = `${homeOf(id)}/control`;
  const feature = await textOrNull(client, `${control}/feature-${kind}`, { signal });
  if (feature === "0") throw new ShutdownUnsupportedError(life.text, kind);
  const request = { client, life, kind, node: `${control}/shutdown`, isPromised: feature === "1" };
  try {
    // The time of the guest begins when the request is written.
    await send(request, { signal });
    return await within(
      timeout,
      signal,
      (ending) => acknowledgement(request, { signal: ending }),
      () => late(request, timeout, { signal }),
    );
  } catch (error) {
    // A suspend that nothing waits for any more would stop the guest for good.
    if (kind === "suspend" && signal?.aborted) withdraw(request, {}).catch(() => {});
    throw error;
  }
}

interface ShutdownRequest {
  readonly client: Client;
  readonly life: Life;
  readonly kind: ShutdownKind;
  /** The path of the node that holds the request. */
  readonly node: string;
  readonly isPromised: boolean;
}

async function send({ client, life, kind, node }: ShutdownRequest, options: RequestOptions): Promise<void> {
  await client.transact(async (transaction) => {
    // The number may have passed to another domain.
    await life.check(transaction, "requestShutdown", options);
    await transaction.write(node, kind, options);
  }, options);
}

/** Waits until the guest acknowledges the request. */
async function acknowledgement(
  { client, kind, node, isPromised }: ShutdownRequest,
  options: RequestOptions,
): Promise<ShutdownAcknowledgement> {
  // oxenstored removes the nodes of a domain that ends without events of its own.
  return await untilFound(client, [node, "@releaseDomain"], async () => {
    return isAcknowledged(kind, await textOrNull(client, node, options)) ? { kind, isPromised } : null;
  }, options);
}

/** Ends the wait without an acknowledgement. Withdraws a suspend, unless the guest has acknowledged it by now. */
async function late(
  request: ShutdownRequest,
  timeout: number,
  options: RequestOptions,
): Promise<ShutdownAcknowledgement> {
  const { life, kind, isPromised } = request;
  const isWithdrawn = kind === "suspend";
  if (isWithdrawn && !await withdraw(request, options)) return { kind, isPromised };
  throw new ShutdownTimeoutError(life.text, { kind, timeout, isPromised, isWithdrawn });
}

/** Clears a request for a suspend. Returns false if the guest has acknowledged it, or the domain has ended. */
async function withdraw({ client, life, node }: ShutdownRequest, options: RequestOptions): Promise<boolean> {
  return await client.transact(async (transaction) => {
    if (!await life.hasHome(transaction, options)) return false;
    if (isAcknowledged("suspend", await textOrNull(transaction, node, options))) return false;
    await transaction.write(node, "", options);
    return true;
  }, options);
}

/** Whether the value of a request, `null` if the node is gone, acknowledges it. */
function isAcknowledged(kind: ShutdownKind, value: string | null): boolean {
  return kind === "suspend" ? value !== kind : value === null || value === "";
}
