// States that note what they are asked for, for tests of backends with several sources.

import { StateBackend, type StateRequest } from "../../src/pools/backend.ts";
import type { Scope } from "../../src/pools/scopes.ts";

/** States that note what they are asked for in a list that several share. */
export class Noted extends StateBackend {
  readonly #name: string;
  readonly #calls: string[];
  states: string[];
  root = true;
  same = false;
  fails = false;

  constructor(name: string, calls: string[], states: readonly string[] = []) {
    super();
    this.#name = name;
    this.#calls = calls;
    this.states = [...states];
  }

  #note<T>(call: string, result: T): Promise<T> {
    if (this.fails) return Promise.reject(new Error(`${this.#name} cannot be reached`));
    this.#calls.push(`${this.#name} ${call}`);
    return Promise.resolve(result);
  }

  override show = (): Promise<string[]> => this.#note("show", this.states);
  override get = (): Promise<void> => this.#note("get", undefined);
  override set = (): Promise<void> => this.#note("set", undefined);
  override unset = (): Promise<void> => this.#note("unset", undefined);
  override checkRoot = (): Promise<boolean> => this.#note("checkRoot", this.root);
  override getRoot = (): Promise<void> => this.#note("getRoot", undefined);
  override setRoot = (): Promise<void> => this.#note("setRoot", undefined);
  override unsetRoot = (): Promise<void> => this.#note("unsetRoot", undefined);
  isSame = (): Promise<boolean> => this.#note("isSame", this.same);
  isSameRoot = (): Promise<boolean> => this.#note("isSame", this.same);
}

/** Returns a request for the state `clean` of `guest`. */
export function request(...scopes: readonly Scope[]): StateRequest {
  return { object: "guest", state: "clean", scopes, skipLocks: false };
}
