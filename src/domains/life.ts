// One life of a domain: from its introduction to its end, after which its number may pass to another domain.

import type { RequestOptions } from "../client/arguments.ts";
import type { Client } from "../client/client.ts";
import type { NodeOperations } from "../client/nodes.ts";
import { DomainEndedError } from "./errors.ts";
import { homeOf, introducedOrNull, isSameLife } from "./reading.ts";
import { quoted } from "./values.ts";

/** One life of a domain, and the checks that it still lasts. */
export class Life {
  /** The number. `null` if the domain does not run. */
  readonly id: number | null;
  /** The domain in words, for errors. */
  readonly text: string;
  readonly #client: Client;
  readonly #vm: string | null;

  /** `vm` is the value of the domain's node of this name, which differs in each life with this number. */
  constructor(client: Client, id: number | null, name: string | null, vm: string | null) {
    this.#client = client;
    this.#vm = vm;
    this.id = id;
    this.text = ["domain", id ?? [], name === null ? [] : quoted(name)].flat().join(" ");
  }

  /** The path of the home. Throws a {@linkcode DomainEndedError} if the domain does not run. */
  home(operation: string, path?: string): string {
    return homeOf(this.#number(operation, path));
  }

  /** Whether the home is still that of this life. */
  async hasHome(nodes: NodeOperations, options: RequestOptions): Promise<boolean> {
    if (this.id === null) return false;
    return await isSameLife(nodes, this.id, this.#vm, options);
  }

  /** Throws a {@linkcode DomainEndedError} unless the home is still that of this life. */
  async check(nodes: NodeOperations, operation: string, options: RequestOptions, path?: string): Promise<void> {
    if (!await this.hasHome(nodes, options)) throw this.ended(operation, path);
  }

  /** Whether the domain has a home, and the store communicates with it, as far as the client may ask. */
  async isRunning(options: RequestOptions): Promise<boolean> {
    if (this.id === null) return false;
    const [hasHome, isIntroduced] = await Promise.all([
      this.hasHome(this.#client, options),
      introducedOrNull(this.#client, this.id, options),
    ]);
    return hasHome && isIntroduced !== false;
  }

  /** Returns the number. Throws a {@linkcode DomainEndedError} if the domain has ended. */
  async checkRunning(operation: string, options: RequestOptions): Promise<number> {
    const id = this.#number(operation);
    if (!await this.isRunning(options)) throw this.ended(operation);
    return id;
  }

  #number(operation: string, path?: string): number {
    if (this.id !== null) return this.id;
    throw new DomainEndedError(this.text, { operation, path }, "does not run");
  }

  /** The error of an operation after the end. */
  ended(operation: string, path?: string): DomainEndedError {
    return new DomainEndedError(this.text, { operation, path });
  }
}
