// The operations on domains, features and quotas, and the commands to the daemon itself.

import { checkedWhole } from "../wire/checks.ts";
import { InvalidPayloadError } from "../wire/errors.ts";
import { Operation } from "../wire/operations.ts";
import { DOMID_MAX } from "../wire/permissions.ts";
import { checkedString, NO_OPTIONS, type RequestOptions, signalOf } from "./arguments.ts";
import type { NodeContext, Sender } from "./node_context.ts";
import { NodeOperations } from "./nodes.ts";
import { booleanReply, numberReply, okReply, textReply } from "./replies.ts";

/** The operations on domains, features and quotas, which a client has beside those on nodes. */
export abstract class DomainOperations extends NodeOperations {
  readonly #sender: Sender;

  /**
   * For the client, which knows how its requests are sent.
   *
   * @internal
   */
  constructor(context: NodeContext) {
    super(context);
    this.#sender = context.sender;
  }

  /**
   * Gets the path of a domain's home, such as `/local/domain/5`.
   *
   * @param domid The number of a domain, which need not exist, from 0 to 65535.
   * @param options The signal that ends the wait.
   * @returns The path.
   * @throws {RangeError} If `domid` is out of range.
   */
  async getDomainPath(domid: number, options: RequestOptions = NO_OPTIONS): Promise<string> {
    return await this.#ask(Operation.GET_DOMAIN_PATH, [domidText(domid)], textReply, options);
  }

  /**
   * Tells whether the store communicates with a domain.
   *
   * @param domid The number of the domain, from 0 to 65535.
   * @param options The signal that ends the wait.
   * @returns Whether the domain is introduced.
   * @throws {XenStoreError} If the client is in a guest: EACCES.
   */
  async isDomainIntroduced(domid: number, options: RequestOptions = NO_OPTIONS): Promise<boolean> {
    return await this.#ask(Operation.IS_DOMAIN_INTRODUCED, [domidText(domid)], booleanReply, options);
  }

  /**
   * Introduces a domain: the store communicates with it from then on. Domain 0 only.
   *
   * @param domid The number of the domain, from 1 to 65535.
   * @param gfn The guest frame number of the domain's XenStore page.
   * @param eventChannel The unbound event channel of the domain, from 1 to 2^32 - 1.
   * @param options The signal that ends the wait.
   * @throws {RangeError} If a number is out of range.
   */
  async introduceDomain(
    domid: number,
    gfn: number | bigint,
    eventChannel: number,
    options: RequestOptions = NO_OPTIONS,
  ): Promise<void> {
    const parts = [domidText(domid, 1), whole("gfn", gfn), whole("event channel", eventChannel, 1, 0xffffffff)];
    await this.#ask(Operation.INTRODUCE, parts, okReply, options);
  }

  /**
   * Releases a domain: the store ends its communication and removes its nodes. Domain 0 only.
   *
   * @param domid The number of the domain, from 0 to 65535.
   * @param options The signal that ends the wait.
   * @throws {XenStoreError} If the domain is not introduced: ENOENT.
   */
  async releaseDomain(domid: number, options: RequestOptions = NO_OPTIONS): Promise<void> {
    await this.#ask(Operation.RELEASE, [domidText(domid)], okReply, options);
  }

  /**
   * Notes that a domain runs again, so that its next shutdown fires `@releaseDomain`. Domain 0 only.
   *
   * @param domid The number of the domain, from 0 to 65535.
   * @param options The signal that ends the wait.
   */
  async resumeDomain(domid: number, options: RequestOptions = NO_OPTIONS): Promise<void> {
    await this.#ask(Operation.RESUME, [domidText(domid)], okReply, options);
  }

  /**
   * Gives a domain all rights of another domain, its target. Domain 0 only.
   *
   * @param domid The number of the domain that gets the rights.
   * @param target The number of the domain that has the rights.
   * @param options The signal that ends the wait.
   * @throws {XenStoreError} If either domain is not introduced: ENOENT.
   */
  async setTarget(domid: number, target: number, options: RequestOptions = NO_OPTIONS): Promise<void> {
    await this.#ask(Operation.SET_TARGET, [domidText(domid), domidText(target)], okReply, options);
  }

  /**
   * Gets the features of the store, or those that a domain is shown.
   *
   * @param domid The domain. Without it, the features of the store itself.
   * @param options The signal that ends the wait.
   * @returns The bits of {@linkcode Feature}.
   * @throws {XenStoreError} If the store is older than Xen 4.22: ENOSYS.
   */
  async getFeature(domid?: number, options: RequestOptions = NO_OPTIONS): Promise<number> {
    return await this.#ask(Operation.GET_FEATURE, domid === undefined ? [] : [domidText(domid)], numberReply, options);
  }

  /**
   * Sets the features that a domain is shown. Domain 0 only.
   *
   * @param domid The number of the domain.
   * @param features The bits of {@linkcode Feature}.
   * @param options The signal that ends the wait.
   * @throws {XenStoreError} If the domain is introduced already: EBUSY. If the store is older than Xen 4.22: ENOSYS.
   */
  async setFeature(domid: number, features: number, options: RequestOptions = NO_OPTIONS): Promise<void> {
    const parts = [domidText(domid), whole("features", features, 0, 0xffffffff)];
    await this.#ask(Operation.SET_FEATURE, parts, okReply, options);
  }

  /**
   * Lists the names of the store's quotas.
   *
   * @param options The signal that ends the wait.
   * @returns The names.
   * @throws {XenStoreError} If the store is older than Xen 4.22: ENOSYS.
   */
  getQuota(options?: RequestOptions): Promise<string[]>;
  /**
   * Gets the value of a quota, for all domains or for one. The value 0 means no limit.
   *
   * @param name The name of the quota.
   * @param domid The domain. Without it, the value for all domains.
   * @param options The signal that ends the wait.
   * @returns The value.
   * @throws {XenStoreError} If the name is unknown: EINVAL. If the domain is unknown: ENOENT. If the store is older
   *   than Xen 4.22: ENOSYS.
   */
  getQuota(name: string, domid?: number, options?: RequestOptions): Promise<number>;
  async getQuota(
    name: string | RequestOptions = NO_OPTIONS,
    domid?: number,
    options: RequestOptions = NO_OPTIONS,
  ): Promise<string[] | number> {
    const operation = Operation.GET_QUOTA;
    if (typeof name !== "string") return (await this.#ask(operation, [], textReply, name)).split(" ").filter(Boolean);
    const parts = [checkedString(name, operation)];
    if (domid !== undefined) parts.unshift(domidText(domid));
    return await this.#ask(operation, parts, numberReply, options);
  }

  /**
   * Sets a quota, for all domains or for one. Domain 0 only.
   *
   * @param name The name of the quota.
   * @param value The value, from 0 to 2^32 - 2. The value 0 means no limit.
   * @param domid The domain. Without it, the value for all domains.
   * @param options The signal that ends the wait.
   * @throws {XenStoreError} If the name is unknown: EINVAL. If the domain is unknown: ENOENT. If the store is older
   *   than Xen 4.22: ENOSYS.
   */
  async setQuota(name: string, value: number, domid?: number, options: RequestOptions = NO_OPTIONS): Promise<void> {
    const parts = [checkedString(name, Operation.SET_QUOTA), whole("quota", value, 0, 0xfffffffe)];
    if (domid !== undefined) parts.unshift(domidText(domid));
    await this.#ask(Operation.SET_QUOTA, parts, okReply, options);
  }

  /**
   * Sends a command to the daemon itself, such as `["quota"]` or `["log", "on"]`. Domain 0 only.
   *
   * @param command The words of the command.
   * @param options The signal that ends the wait.
   * @returns The daemon's answer.
   * @throws {InvalidPayloadError} If `command` is not a list of texts without a NUL.
   */
  async control(command: readonly string[], options: RequestOptions = NO_OPTIONS): Promise<string> {
    if (!Array.isArray(command)) {
      throw new InvalidPayloadError(`expected a list of words: got ${typeof command}`, { operation: "CONTROL" });
    }
    const parts = command.map((part) => checkedString(part, Operation.CONTROL));
    return await this.#ask(Operation.CONTROL, parts, textReply, options);
  }

  #ask<T>(
    operation: Operation,
    parts: readonly string[],
    parse: (payload: Uint8Array) => T,
    options: RequestOptions,
  ): Promise<T> {
    const signal = signalOf(operation, options);
    return this.#sender.request({ operation, transactionId: 0, parts, parse, signal });
  }
}

function domidText(domid: number, from = 0): string {
  return whole("domid", domid, from, DOMID_MAX);
}

function whole(name: string, value: number | bigint, from = 0, to: number | bigint = 2n ** 64n - 1n): string {
  return `${checkedWhole(name, value, from, to)}`;
}
