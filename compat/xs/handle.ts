// The methods of xen.lowlevel.xs, argument by argument as the binding parses them.

import { Operation } from "../../src/wire/operations.ts";
import { formatPermission, parsePermissionReply } from "../../src/wire/permissions.ts";
import { splitStrings, toLatin1, withoutNul } from "../../src/wire/text.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import type { Part } from "../../src/wire/encoder.ts";
import { openBlocking } from "../../src/blocking/open.ts";
import type { BlockingKind } from "../../src/blocking/transport.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { untilReady } from "../../src/blocking/readiness.ts";
import { listDirectory } from "../../src/blocking/directory.ts";
import { xsError } from "./error.ts";
import { EventDescriptor } from "./event_descriptor.ts";
import type { RawEvent } from "../../src/blocking/event_queue.ts";
import { type Answer, Exchange } from "../../src/blocking/exchange.ts";
import {
  checkCount,
  checkNone,
  decodeValue,
  encodeValue,
  int,
  isList,
  keywords,
  long,
  parted,
  string,
  transactionId,
} from "../python.ts";
import { refuseClones } from "../../src/transport/uncloneable.ts";
import { bindMethods } from "../bound.ts";
import { acknowledged, lost, lostError, payload, unsigned } from "./answers.ts";
import { permissionOf, shownPermission } from "./permissions.ts";
import { Tokens } from "./tokens.ts";
import type { XsEvent, XsOptions, XsPermission } from "./types.ts";

const NUL = new Uint8Array(1);

/** One handle, with the methods of `xs`. Every argument is checked when the method runs, as in Python. */
export class Handle {
  readonly #address: string;
  readonly #exchange: Exchange;
  readonly #values: (bytes: Uint8Array) => string | Uint8Array;
  readonly #tokens = new Tokens();
  #descriptor: EventDescriptor | null = null;
  #closed = false;

  constructor({ address, values = "text", transport, spin }: XsOptions) {
    if (values !== "text" && values !== "bytes") {
      throw new RangeError(`no values "${values}": expected "text" or "bytes"`);
    }
    try {
      const opened = openBlocking(address, { transport, spin });
      this.#exchange = new Exchange(opened.transport, opened.interrupts);
      this.#address = opened.address;
    } catch (error) {
      if (!(error instanceof XenStoreError)) throw error;
      throw xsError(error.code, error);
    }
    this.#values = values === "text" ? decodeValue : (bytes) => bytes.slice();
    bindMethods(this);
    refuseClones(this);
  }

  get transport(): BlockingKind {
    return this.#exchange.transport.kind;
  }

  get address(): string {
    return this.#address;
  }

  read(...args: readonly unknown[]): string | Uint8Array | null {
    const { transaction, path } = this.#node(args);
    const answer = this.#ask(Operation.READ, transaction, [path]);
    return answer === "ENOENT" ? null : this.#values(payload(answer));
  }

  write(...args: readonly unknown[]): null {
    const { transaction, path, rest: [data] } = this.#node(args, 1);
    return acknowledged(this.#ask(Operation.WRITE, transaction, [path, encodeValue(data)]));
  }

  ls(...args: readonly unknown[]): string[] | null {
    const { transaction, path } = this.#node(args);
    const answer = listDirectory((operation, parts) => this.#ask(operation, transaction, parts), path);
    if (typeof answer !== "string") return answer;
    if (answer === "ENOENT") return null;
    throw xsError(answer);
  }

  mkdir(...args: readonly unknown[]): null {
    const { transaction, path } = this.#node(args);
    return acknowledged(this.#ask(Operation.MKDIR, transaction, [path]));
  }

  rm(...args: readonly unknown[]): null {
    const { transaction, path } = this.#node(args);
    const answer = this.#ask(Operation.RM, transaction, [path]);
    return answer === "ENOENT" ? null : acknowledged(answer);
  }

  get_permissions(...args: readonly unknown[]): XsPermission[] {
    const { transaction, path } = this.#node(args);
    return splitStrings(payload(this.#ask(Operation.GET_PERMS, transaction, [path]))).map((text) => {
      const permission = parsePermissionReply(text);
      if (permission === null) throw xsError("EINVAL");
      return shownPermission(permission);
    });
  }

  set_permissions(...args: readonly unknown[]): null {
    const { transaction, path, rest: [perms] } = this.#node(args, 1);
    if (!isList(perms)) throw xsError("EINVAL");
    // `map` skips the holes of a list; Array.from() does not.
    const permissions = Array.from(perms, permissionOf);
    const [first] = permissions;
    if (first !== undefined && first.domid !== 0 && (first.read || first.write)) {
      permissions.unshift({ domid: 0, read: false, write: false });
    }
    // libxenstore rejects an empty list with the error of the store.
    if (permissions.length === 0) throw xsError("EINVAL");
    return acknowledged(this.#ask(Operation.SET_PERMS, transaction, [path, ...permissions.map(formatPermission)]));
  }

  watch(...args: readonly unknown[]): null {
    const { path, token } = this.#watched(args);
    this.#tokens.add(token);
    const answer = this.#ask(Operation.WATCH, 0, [path, this.#tokens.wireOf(token)]);
    if (typeof answer === "string") this.#forget(token);
    else this.#tokens.count(token, 1);
    return acknowledged(answer);
  }

  unwatch(...args: readonly unknown[]): null {
    const { path, token } = this.#watched(args);
    const answer = this.#ask(Operation.UNWATCH, 0, [path, this.#tokens.wireOf(token)]);
    if (typeof answer !== "string") this.#tokens.count(token, -1);
    this.#forget(token);
    return acknowledged(answer);
  }

  read_watch<T>(...args: readonly unknown[]): XsEvent<T> {
    checkNone(args, "read_watch");
    this.#checkOpen();
    for (;;) {
      const event = this.#takeEvent(Infinity);
      const found = event === null ? null : this.#eventOf<T>(event);
      if (found !== null) return found;
    }
  }

  check_watch<T>(...args: readonly unknown[]): XsEvent<T> | null {
    checkNone(args, "check_watch");
    this.#checkOpen();
    const event = this.#takeEvent(0);
    if (event === null) return null;
    const found = this.#eventOf<T>(event);
    if (found === null) throw xsError("EAGAIN");
    return found;
  }

  wait_watch(seconds: number = Infinity): boolean {
    this.#checkOpen();
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      if (!lost(() => this.#exchange.waitForEvent(deadline - performance.now()), "EINVAL")) {
        // A signal's handler ran before the end of the time.
        if (performance.now() < deadline) continue;
        return false;
      }
      const { next } = this.#exchange;
      if (next === null || this.#tokens.find(next.token) !== null) return true;
      // read_watch() would skip this event and wait.
      this.#takeEvent(0);
      this.#tokens.tidy(next.token, this.#isWaiting);
    }
  }

  // A Promise that rejects, and never a call that throws.
  async watch_ready(seconds: number = Infinity): Promise<boolean> {
    return await this.#untilReady(() => this.wait_watch(0), seconds);
  }

  async *events<T>(): AsyncGenerator<XsEvent<T>, void, undefined> {
    this.#checkOpen();
    for (;;) {
      await this.#untilReady(() => this.#closed || this.wait_watch(0), Infinity);
      if (this.#closed) return;
      const event = this.check_watch<T>();
      if (event !== null) yield event;
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<XsEvent, void, undefined> {
    return this.events();
  }

  fileno(...args: readonly unknown[]): number {
    checkNone(args, "fileno");
    this.#checkOpen();
    try {
      this.#descriptor ??= new EventDescriptor(this.#exchange);
    } catch (error) {
      throw xsError(codeOf(error) ?? "EINVAL", error);
    }
    const { fd } = this.#descriptor;
    if (fd === null) throw xsError("ENOSYS");
    return fd;
  }

  transaction_start(...args: readonly unknown[]): string {
    checkNone(args, "transaction_start");
    this.#checkOpen();
    const id = Number(toLatin1(withoutNul(payload(this.#ask(Operation.TRANSACTION_START, 0, [NUL])))));
    return id.toString(16).toUpperCase();
  }

  transaction_end(...args: readonly unknown[]): boolean {
    this.#checkOpen();
    // With keywords, Python requires at least one argument.
    const { positional, named } = parted(args, 1);
    let transaction = 0;
    let abort = 0;
    keywords(positional, named ?? {}, ["transaction", "abort"], 1, (value, index) => {
      if (index === 0) transaction = transactionId(string(value, 1));
      else abort = int(value);
    });
    const answer = this.#ask(Operation.TRANSACTION_END, transaction, [abort === 0 ? "T" : "F"]);
    if (answer === "EAGAIN") return false;
    acknowledged(answer);
    return true;
  }

  introduce_domain(...args: readonly unknown[]): null {
    this.#checkOpen();
    checkCount(args, 3);
    const dom = int(args[0]);
    const page = BigInt.asUintN(64, long(args[1]));
    return acknowledged(this.#ask(Operation.INTRODUCE, 0, [unsigned(dom), `${page}`, unsigned(int(args[2]))]));
  }

  set_target(...args: readonly unknown[]): null {
    return this.#domains(Operation.SET_TARGET, args, 2);
  }

  resume_domain(...args: readonly unknown[]): null {
    return this.#domains(Operation.RESUME, args, 1);
  }

  release_domain(...args: readonly unknown[]): null {
    return this.#domains(Operation.RELEASE, args, 1);
  }

  get_domain_path(...args: readonly unknown[]): string {
    this.#checkOpen();
    checkCount(args, 1);
    const domid = unsigned(int(args[0]));
    return decodeValue(withoutNul(payload(this.#ask(Operation.GET_DOMAIN_PATH, 0, [domid]))));
  }

  is_domain_introduced(...args: readonly unknown[]): boolean {
    this.#checkOpen();
    checkCount(args, 1);
    const answer = this.#ask(Operation.IS_DOMAIN_INTRODUCED, 0, [unsigned(int(args[0]))]);
    // libxenstore takes every reply except F for true, and an error for false.
    return typeof answer !== "string" && toLatin1(withoutNul(answer)) !== "F";
  }

  // Listeners get arguments, such as the exit code: unlike Python's, this method ignores them.
  close(): null {
    this.#checkOpen();
    this[Symbol.dispose]();
    return null;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#descriptor?.close();
    this.#exchange.close();
  }

  /** Parses the arguments that most methods begin with, and returns those that follow. */
  #node(args: readonly unknown[], more = 0): { transaction: number; path: string; rest: readonly unknown[] } {
    this.#checkOpen();
    checkCount(args, 2 + more);
    const transaction = transactionId(string(args[0], 1));
    return { transaction, path: string(args[1], 2), rest: more === 0 ? [] : args.slice(2) };
  }

  #watched(args: readonly unknown[]): { path: string; token: unknown } {
    this.#checkOpen();
    checkCount(args, 2);
    const token = args[1] ?? null;
    // A Map has one key for 0 and -0.
    return { path: string(args[0], 1), token: token === 0 ? 0 : token };
  }

  #domains(operation: number, args: readonly unknown[], count: number): null {
    this.#checkOpen();
    checkCount(args, count);
    return acknowledged(this.#ask(operation, 0, args.map((value) => unsigned(int(value)))));
  }

  #ask(operation: number, transaction: number, parts: readonly Part[]): Answer {
    try {
      return this.#exchange.ask(operation, transaction, parts);
    } catch (error) {
      // A signal's handler may have closed the handle.
      throw this.#closed ? xsError("EINVAL") : lostError(error);
    }
  }

  #untilReady(isReady: () => boolean, seconds: number): Promise<boolean> {
    const { transport } = this.#exchange;
    return untilReady(isReady, (pause, rest) => transport.changed(pause, rest), seconds * 1000);
  }

  #takeEvent(timeout: number): RawEvent | null {
    return lost(() => this.#exchange.takeEvent(timeout), "EINVAL");
  }

  /** Returns the event as callers get it; `null` if no watch has its token. */
  #eventOf<T>({ path, token }: RawEvent): XsEvent<T> | null {
    const found = this.#tokens.find(token);
    this.#tokens.tidy(token, this.#isWaiting);
    return found === null ? null : Object.freeze([path, found[0] as T] as const);
  }

  #forget(token: unknown): void {
    const wire = this.#tokens.wireOf(token);
    this.#tokens.remove(token);
    this.#tokens.tidy(wire, this.#isWaiting);
  }

  readonly #isWaiting = (wire: string): boolean => this.#exchange.hasEventOf(wire);

  #checkOpen(): void {
    if (this.#closed) throw xsError("EINVAL");
  }
}
