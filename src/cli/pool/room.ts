// The room of pools for the command: the states of this host, those of the pools, and the parts of the object.

import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type {
  Location,
  LockOptions,
  Mirror,
  Scope,
  StateBackend,
  StateFiles,
  StatePart,
  StatesOptions,
  TransferOps,
} from "../../pools/mod.ts";
import type { Context } from "../context.ts";
import { escapeText } from "../escape.ts";
import type { OptionRule } from "../getopt.ts";
import { Failure } from "../invocation.ts";
import { messageOf, orFailure, textOf } from "../library_failures.ts";
import { absolutePath, json, type OwnArguments, ownArgumentsOf } from "../own_arguments.ts";
import { TROUBLE } from "../trouble.ts";

/** What the package exports as `tsxs/pools`. It is loaded on demand. */
export type Pools = typeof import("../../pools/mod.ts");

const SECOND = 1000;
/** This host, in the places by which pools are sorted. */
const HERE = { gateway: "", host: "" };

/** Every action takes all of these. Those about the object itself have no effect on an action that leaves it alone. */
const common: readonly OptionRule[] = [
  json,
  { letter: "d", long: "directory", hasArgument: true },
  { letter: "p", long: "pool", hasArgument: true },
  { letter: "s", long: "scope", hasArgument: true },
  { letter: "t", long: "lock-timeout", hasArgument: true },
  { letter: "S", long: "subtree", hasArgument: true },
  { letter: "D", long: "disk", hasArgument: true },
  { letter: "i", long: "domid", hasArgument: true },
  { letter: "P", long: "policy", hasArgument: true },
  { letter: "c", long: "check-policy", hasArgument: true },
  { letter: "k", long: "skip-locks" },
];
const COMMON_USAGE = "[-h] [-d directory] [-p location]... [-s scopes] [-t seconds] [--json]";
const PARTS_USAGE = "[-S path] [-D name=image]... [-i domid] [-P letters] [-c letters] [-k]";

/** The options of an action. */
export interface ActionSyntax {
  /** Whether the action works on the object itself, so that the usage names the options about it. */
  readonly hasParts: boolean;
  readonly options?: readonly OptionRule[];
  readonly usage: string;
  readonly operands: readonly [min: number, max: number];
}

/** A location, and the states in it. */
export interface Place {
  /** The location as the options name it; `null` for the directory of this host. */
  readonly pool: string | null;
  readonly scope: Scope;
  readonly states: StateFiles;
}

/** What an action works with. */
export class Room implements AsyncDisposable {
  readonly pools: Pools;
  readonly given: OwnArguments;
  /** The options of every operation of the library. */
  readonly options: StatesOptions & { readonly checkPolicy?: string };
  /** The object, and the states that the operands name. */
  readonly object: string;
  readonly states: readonly { readonly object: string; readonly state: string }[];
  readonly #context: Context;
  readonly #directory: string;
  readonly #locations: readonly { readonly text: string; readonly location: Location }[];
  readonly #opened: AsyncDisposable[] = [];

  private constructor(context: Context, pools: Pools, given: OwnArguments) {
    const { options, operands: [object = "", ...states] } = given;
    this.#context = context;
    this.pools = pools;
    this.given = given;
    this.#directory = directoryOf(context, options.get("d"));
    this.#locations = (given.lists.get("p") ?? []).map((text) => ({
      text: textOf(text),
      location: pools.parseLocation(textOf(text)),
    }));
    this.object = textOf(object);
    this.states = states.map((state) => ({ object: this.object, state: textOf(state) }));
    const checkPolicy = options.get("c");
    this.options = {
      scopes: scopesOf(options.get("s"), pools.SCOPES),
      skipLocks: options.has("k"),
      ...checkPolicy === undefined ? {} : { checkPolicy },
    };
  }

  /** Parses the arguments of an action. Throws a {@linkcode Failure} with status 2. */
  static async open(context: Context, syntax: ActionSyntax): Promise<Room> {
    const given = ownArgumentsOf(context, {
      options: [...common, ...syntax.options ?? []],
      usage: `${COMMON_USAGE} ${syntax.hasParts ? `${PARTS_USAGE} ` : ""}${syntax.usage}`,
      operands: syntax.operands,
      status: TROUBLE,
    });
    const pools = await import("../../pools/mod.ts");
    return await orFailure(() => Promise.resolve(new Room(context, pools, given)));
  }

  /** The permitted locations: this host, and the pools from the nearest. */
  places(): readonly Place[] {
    const { LocalStates, Hosts } = this.pools;
    const own = new LocalStates({ directory: this.#directory, parts: () => [], linked: this.#linked() });
    const hosts = new Hosts();
    this.#opened.push({ [Symbol.asyncDispose]: () => hosts.close() });
    const pools = this.#near().map(({ text, location, scope }) => ({
      pool: text,
      scope,
      states: hosts.states(location),
    }));
    const here: Place = { pool: null, scope: "own", states: own.states };
    return [here, ...pools].filter(({ scope }) => this.options.scopes?.includes(scope));
  }

  /**
   * Opens the states of this host and of the pools, with the parts that the options name. `signal` ends transfers.
   * `isReplaced` tells that the operation replaces the disks, so that one that is missing needs no size.
   */
  async backend(signal?: AbortSignal, isReplaced = false): Promise<StateBackend> {
    const { LocalStates, SourcedStates, TransferOps, Hosts } = this.pools;
    const progress = await this.#context.progress();
    const work = progress.start("pool");
    this.#opened.push({ [Symbol.asyncDispose]: () => Promise.resolve(work.done()) });
    const lock: LockOptions = { ...this.#lock(), onWait: () => work.pulse() };
    const made = await this.#parts(isReplaced);
    const own = new LocalStates({ directory: this.#directory, parts: () => made, linked: this.#linked(), lock });
    const ops = new TransferOps(this.#directory, new Hosts(), {
      lock: this.#lock(),
      signal,
      dependentsOf: (of, ends) => own.dependentsOf(of, ends),
    });
    this.#opened.push(ops);
    progress.follow(ops);
    const mirrors = this.#locations.map(({ text, location }) => ({
      ...placeOf(location),
      states: mirrorOf(ops, text),
    }));
    const onSkipped = ({ error }: { readonly error: unknown }): void => {
      this.#context.warn(messageOf(error));
    };
    return new SourcedStates({ own, place: this.#place(), mirrors, onSkipped });
  }

  /** Closes what was opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#opened.splice(0)) await one[Symbol.asyncDispose]();
  }

  #place(): { gateway: string; host: string; path: string; sharedPath: string } {
    return { ...HERE, path: this.#directory, sharedPath: "" };
  }

  #near(): readonly { readonly text: string; readonly location: Location; readonly scope: Scope }[] {
    const { nearestFirst, scopeOf } = this.pools;
    const places = this.#locations.map((one) => ({ ...one, ...placeOf(one.location) }));
    return nearestFirst(places, this.#place()).map((one) => ({ ...one, scope: scopeOf(one, this.#place()) }));
  }

  #linked(): string | undefined {
    return this.#locations.find(({ location }) => location.type === "link")?.location.path;
  }

  #lock(): LockOptions {
    const text = this.given.options.get("t");
    return text === undefined ? {} : { timeout: numberOf(text, "lock timeout") * SECOND };
  }

  /** Makes the parts of the object. */
  async #parts(isReplaced: boolean): Promise<StatePart[]> {
    const { options, lists } = this.given;
    const { Disk, Subtree } = this.pools;
    const [subtree, domid] = [options.get("S"), options.get("i")];
    // A policy that ends with r wants to know whether the disk is missing.
    const mayBeMissing = isReplaced && !options.get("c")?.endsWith("r");
    const made: StatePart[] = (lists.get("D") ?? []).map((text) => {
      const [, name = "", image = ""] = /^([^=]*)=(.+)$/s.exec(textOf(text)) ?? [];
      if (name === "") throw new Failure(`the disk '${escapeText(text)}' is not NAME=IMAGE`, TROUBLE);
      return new Disk({ name, image: resolve(image), mayBeMissing });
    });
    if (subtree !== undefined) {
      made.push(
        new Subtree({
          client: await this.#context.client(),
          path: absolutePath(subtree, TROUBLE),
          ...domid === undefined ? {} : { domid: numberOf(domid, "domid") },
        }),
      );
    }
    return made;
  }

  /** Throws a {@linkcode Failure} unless the options name a part, or this host itself has no part in the action. */
  checkParts(): void {
    const { options } = this.given;
    if (options.has("S") || options.has("D") || !this.options.scopes?.includes("own")) return;
    throw new Failure("no part of the object is named: use --subtree or --disk, or a --scope without own", TROUBLE);
  }
}

/** Transfers states between the directory of this host and a pool. */
function mirrorOf(ops: TransferOps, location: string): Mirror["states"] {
  return {
    show: ({ object }) => ops.list(location, object),
    get: ({ object, state, skipLocks }) => ops.download({ location, object, state, skipLocks }),
    set: ({ object, state }) => ops.upload({ location, object, state }),
    unset: ({ object, state }) => ops.delete({ location, object, state }),
    isSame: ({ object, state }) => ops.compare({ location, object, state }),
  };
}

function placeOf(location: Location): { gateway: string; host: string; path: string } {
  return { ...HERE, host: location.type === "ssh" ? location.host : HERE.host, path: location.path };
}

/** Returns the directory of the states of this host: `${XDG_DATA_HOME:-$HOME/.local/share}/tsxs/pools`. */
function directoryOf({ invocation }: Context, given: string | undefined): string {
  if (given !== undefined) return resolve(textOf(given));
  const data = invocation.variable("XDG_DATA_HOME") ?? "";
  // The specification of XDG has programs ignore a relative path.
  const base = isAbsolute(data) ? data : join(invocation.variable("HOME") || homedir(), ".local/share");
  return join(base, "tsxs", "pools");
}

function scopesOf(text: string | undefined, all: readonly Scope[]): readonly Scope[] {
  if (text === undefined) return all;
  return text.split(",").map((name) => {
    const scope = all.find((one) => one === name);
    if (scope === undefined) {
      throw new Failure(`the scope '${escapeText(name)}' is unknown: use ${all.join(", ")}`, TROUBLE);
    }
    return scope;
  });
}

function numberOf(text: string, what: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new Failure(`the ${what} '${escapeText(text)}' is not a number`, TROUBLE);
  return Number(text);
}
