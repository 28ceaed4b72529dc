// The room of checkpoints for the command: which checkpoints there are, by which names, and how failures are reported.

import type {
  CheckpointRepository,
  CheckpointStorage,
  LockDetails,
  LockOwner,
  TreeCheckpoint,
} from "../../checkpoints/mod.ts";
import { type Head, readHead } from "../../checkpoints/trees/dump_format.ts";
import { escapeText } from "../escape.ts";
import type { OptionRule } from "../getopt.ts";
import { Failure } from "../invocation.ts";
import { messageOf, orFailure, textOf } from "../library_failures.ts";
import type { Arguments } from "../usage.ts";

export { orFailure };

/** What the package exports as `tsxs/checkpoints`. It is loaded on demand. */
export type Checkpoints = typeof import("../../checkpoints/mod.ts");

const SUFFIX = ".checkpoint";
/** The name that stands for the newest checkpoint. */
const LAST = "last";

/** The option that every action has. */
export const repositoryOption: OptionRule = { letter: "r", long: "repository", hasArgument: true };

/** A checkpoint in a repository, as its first lines tell. */
export interface Listed {
  readonly storage: CheckpointStorage;
  /** The name of the directory, without its extension. */
  readonly name: string;
  /** `null` if the checkpoint cannot be read. */
  readonly details: Details | null;
  /** Why the checkpoint cannot be read; `null` if it can. */
  readonly fault: string | null;
  /** The process that saves, or that was killed while it saved; `null` if the storage is not locked. */
  readonly lock: LockDetails | null;
}

/** What the first lines of a checkpoint tell. */
export interface Details {
  readonly head: Head;
  readonly size: number;
  readonly savedBy: LockOwner;
}

/** The checkpoints of one directory. */
export class Room {
  readonly checkpoints: Checkpoints;
  readonly repository: CheckpointRepository;

  private constructor(checkpoints: Checkpoints, repository: CheckpointRepository) {
    this.checkpoints = checkpoints;
    this.repository = repository;
  }

  /** Opens the repository that the options name, or that of the user. */
  static async open({ options }: Pick<Arguments, "options">): Promise<Room> {
    const checkpoints = await import("../../checkpoints/mod.ts");
    const location = options.get("r");
    return await orFailure(() =>
      Promise.resolve(
        new Room(
          checkpoints,
          location === undefined
            ? new checkpoints.CheckpointRepository()
            : new checkpoints.CheckpointRepository(textOf(location)),
        ),
      )
    );
  }

  /** Lists the checkpoints, the oldest first. One that cannot be read is listed with its fault. */
  async list(): Promise<Listed[]> {
    const listed: Listed[] = [];
    for (const storage of await orFailure(() => this.repository.storages())) {
      const one = await this.details(storage);
      if (one !== null) listed.push(one);
    }
    const time = ({ details }: Listed): string => details?.savedBy.time ?? "";
    return listed.sort((a, b) => compare(time(a), time(b)) || compare(a.name, b.name));
  }

  /** Reads the first lines of a checkpoint; `null` if the directory has neither a checkpoint nor a lock. */
  async details(storage: CheckpointStorage): Promise<Listed | null> {
    const name = nameOf(storage.location);
    // What cannot be read below tells why.
    const lock = await storage.lock().catch(() => null);
    try {
      await using opened = await storage.open();
      if (opened === null) return lock === null ? null : { storage, name, details: null, fault: unsaved(lock), lock };
      const { head, rest } = await readHead("the checkpoint", opened.chunks());
      await rest.return(undefined);
      return { storage, name, details: { head, size: opened.size, savedBy: opened.savedBy }, fault: null, lock };
    } catch (error) {
      return { storage, name, details: null, fault: messageOf(error), lock };
    }
  }

  /** Finds the storage of a name: `last`, a path, the name of a directory, or the beginning of one. */
  async find(name: string): Promise<CheckpointStorage> {
    const { CheckpointStorage } = this.checkpoints;
    if (name.includes("/")) return new CheckpointStorage(textOf(name));
    if (name === LAST) {
      const last = (await this.list()).findLast(({ details }) => details !== null);
      if (last === undefined) throw new Failure(`there is no checkpoint in ${escapeText(this.repository.location)}`);
      return last.storage;
    }
    const storages = await orFailure(() => this.repository.storages());
    const named = storages.map((storage) => ({ storage, name: nameOf(storage.location) }));
    const text = textOf(name);
    const exact = named.find((one) => one.name === text || `${one.name}${SUFFIX}` === text);
    if (exact !== undefined) return exact.storage;
    const [first, ...others] = named.filter((one) => one.name.startsWith(text));
    if (first === undefined) throw new Failure(`there is no checkpoint '${escapeText(name)}'`);
    if (others.length > 0) throw new Failure(`'${escapeText(name)}' is the beginning of several names`);
    return first.storage;
  }

  /** Opens the tree of a name. */
  async openTree(name: string): Promise<TreeCheckpoint> {
    const storage = await this.find(name);
    return await orFailure(() => this.checkpoints.openTree(storage));
  }
}

/** Returns the name of a checkpoint as the command prints it, from the path of its directory. */
export function nameOf(location: string): string {
  const directory = location.slice(location.lastIndexOf("/") + 1);
  return directory.endsWith(SUFFIX) ? directory.slice(0, -SUFFIX.length) : directory;
}

/** Returns why a directory with a lock alone has no checkpoint. */
function unsaved({ owner, state }: LockDetails): string {
  const process = owner === null ? "a process" : `process ${owner.process}`;
  if (state === "alive") return `${process} saves it`;
  return `${process} ${
    state === "dead" ? "was killed" : "may have been killed"
  } while it saved: use break-lock or remove`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
