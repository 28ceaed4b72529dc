// The room of pools for the command: the states of this host, those of the pools, and the parts of the object.

import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type {
  LockOptions,
  MirrorFailure,
  Scope,
  StateBackend,
  StateFiles,
  StateOf,
  StatePart,
  StatesOptions,
} from "../../pools/mod.ts";
import { checkedObject, checkedState } from "../../pools/names.ts";
import type { Context } from "../context.ts";
import { escapeText } from "../escape.ts";
import type { OptionRule } from "../getopt.ts";
import { Failure, OutputError } from "../invocation.ts";
import { orFailure, textOf } from "../library_failures.ts";
import { absolutePath, json, type OwnArguments, ownArgumentsOf } from "../own_arguments.ts";
import { TROUBLE } from "../trouble.ts";
import { failureText, shown, type Task } from "./failure_text.ts";
import { checkApart, checkedGateway, type NamedPool, namedPool } from "./named_pool.ts";

/** What the package exports as `tsxs/pools`. It is loaded on demand. */
export type Pools = typeof import("../../pools/mod.ts");

const SECOND = 1000;
/** The name of this host in the places by which pools are sorted. */
const HERE = "";

/** Every action takes all of these. Those about the object itself have no effect on an action that leaves it alone. */
const common: readonly OptionRule[] = [
  json,
  { letter: "d", long: "directory", hasArgument: true },
  { letter: "p", long: "pool", hasArgument: true },
  { letter: "g", long: "gateway", hasArgument: true },
  { letter: "s", long: "scope", hasArgument: true },
  { letter: "t", long: "lock-timeout", hasArgument: true },
  { letter: "S", long: "subtree", hasArgument: true },
  { letter: "D", long: "disk", hasArgument: true },
  { letter: "i", long: "domid", hasArgument: true },
  { letter: "P", long: "policy", hasArgument: true },
  { letter: "c", long: "check-policy", hasArgument: true },
  { letter: "k", long: "skip-locks" },
];
const COMMON_USAGE = "[-h] [-d directory] [-g gateway] [-p [gateway=]location]... [-s scopes] [-t seconds] [--json]";
const PARTS_USAGE = "[-S path] [-D name=image]... [-i domid] [-P letters] [-c letters] [-k]";

/** The options of an action. */
export interface ActionSyntax {
  /** The name of the action. */
  readonly name: string;
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
  readonly states: readonly StateOf[];
  readonly #context: Context;
  readonly #action: string;
  readonly #directory: string;
  readonly #gateway: string;
  readonly #locations: readonly NamedPool[];
  readonly #unusable = new Set<Place>();
  readonly #opened: AsyncDisposable[] = [];
  /** What the action does at the moment. */
  #task: Task;

  private constructor(context: Context, pools: Pools, given: OwnArguments, action: string) {
    const { options, operands: [object = "", ...states] } = given;
    this.#context = context;
    this.#action = action;
    this.pools = pools;
    this.given = given;
    this.#directory = directoryOf(context, options.get("d"));
    const gateway = options.get("g");
    this.#gateway = gateway === undefined ? "" : checkedGateway(textOf(gateway));
    this.#locations = (given.lists.get("p") ?? []).map((text) => namedPool(textOf(text), this.#gateway));
    this.object = textOf(object);
    this.#task = { action, object: this.object, state: null };
    this.states = states.map((state) => ({ object: this.object, state: textOf(state) }));
    const checkPolicy = options.get("c");
    this.options = {
      scopes: scopesOf(options.get("s"), pools.SCOPES),
      skipLocks: options.has("k"),
      ...checkPolicy === undefined ? {} : { checkPolicy },
    };
    this.#checkScopes();
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
    return await orFailure(async () => {
      const room = new Room(context, pools, given, syntax.name);
      await checkApart(room.#directory, room.#locations);
      return room;
    });
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
   * Runs an action for each of the states that the operands name. A state that fails is named, and the others follow.
   * Resolves with the worst status: {@linkcode TROUBLE} if a state has failed, or what `run` resolved with.
   */
  async each(run: (state: StateOf) => Promise<number>, signal?: AbortSignal): Promise<number> {
    // An invalid name is refused before anything changes.
    checkedObject(this.object);
    for (const { state } of this.states) checkedState(state);
    let status = 0;
    for (const state of this.states) {
      this.#task = { action: this.#action, ...state };
      try {
        status = Math.max(status, await run(state));
      } catch (error) {
        signal?.throwIfAborted();
        if (isEnd(error)) throw error;
        this.#context.warn(failureText(this.#task, error));
        status = TROUBLE;
      }
    }
    return status;
  }

  /**
   * Runs a part of an action at a location, for an object or a state. A location that fails is named, and a pool is
   * left out from then on. Resolves with false if the location has failed.
   */
  async at(place: Place, of: Pick<Task, "object" | "state">, run: () => Promise<void>): Promise<boolean> {
    if (this.#unusable.has(place)) return false;
    try {
      await run();
      return true;
    } catch (error) {
      if (isEnd(error)) throw error;
      this.#context.warn(failureText({ action: this.#action, ...of }, error, place.pool ?? this.#directory));
      // To reach a host again may take long.
      if (place.pool !== null) this.#unusable.add(place);
      return false;
    }
  }

  /**
   * Opens the states of this host and of the pools, with the parts that the options name. `signal` ends transfers.
   * `isReplaced` tells that the operation replaces the disks, so that one that is missing needs no size.
   */
  async backend(signal?: AbortSignal, isReplaced = false): Promise<StateBackend> {
    const { LocalStates, SourcedStates, TransferOps, Hosts, mirrorStates } = this.pools;
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
    const mirrors = this.#locations.map((pool) => ({ ...placeOf(pool), states: mirrorStates(ops, pool.text) }));
    const onSkipped = ({ path, error }: MirrorFailure): void => {
      this.#context.warn(failureText(this.#task, error, path));
    };
    return new SourcedStates({ own, place: this.#place(), mirrors, onSkipped });
  }

  /** Closes what was opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#opened.splice(0)) await one[Symbol.asyncDispose]();
  }

  #place(): { gateway: string; host: string; path: string; sharedPath: string } {
    return { gateway: this.#gateway, host: HERE, path: this.#directory, sharedPath: "" };
  }

  #near(): readonly (NamedPool & { readonly scope: Scope })[] {
    const { nearestFirst, scopeOf } = this.pools;
    const places = this.#locations.map((one) => ({ ...one, ...placeOf(one) }));
    return nearestFirst(places, this.#place()).map((one) => ({ ...one, scope: scopeOf(one, this.#place()) }));
  }

  /** Throws a {@linkcode Failure} if the scopes permit neither this host nor a pool. */
  #checkScopes(): void {
    const { scopes = [] } = this.options;
    const pools = this.#near();
    if (scopes.includes("own") || pools.some(({ scope }) => scopes.includes(scope))) return;
    const known = pools.map(({ text, scope }) => `${shown(text)} has ${scope}`).join(", ");
    const hint = scopes.includes("cluster") ? ": --pool GATEWAY=LOCATION names another gateway" : "";
    throw new Failure(`no pool has the scope ${scopes.join(" or ")}: ${known || "no pool is named"}${hint}`, TROUBLE);
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

/** Tells whether an error ends the action: an argument is invalid for all states, and a closed output stays closed. */
function isEnd(error: unknown): boolean {
  return error instanceof RangeError || error instanceof TypeError || error instanceof Failure ||
    error instanceof OutputError;
}

function placeOf({ location, gateway }: NamedPool): { gateway: string; host: string; path: string } {
  return { gateway, host: location.type === "ssh" ? location.host : HERE, path: location.path };
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
