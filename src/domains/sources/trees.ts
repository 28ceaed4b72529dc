// Finds the domains whose states a repository of saved trees keeps.

import { homeOf, uuidOf } from "../reading.ts";
import type { SourceOptions } from "../sources.ts";
import { lenientText } from "../values.ts";
import type { KeptState, ListStates } from "./checkpoints.ts";
import { type ProblemOptions, Problems } from "./problems.ts";

/** A saved tree, as `TreeCheckpoint` of `tsxs/checkpoints` is one. */
export interface SavedTree {
  /** The path of the top of the tree. */
  readonly path: string;
  /** What the tree is a difference to. `null` if the tree is whole. */
  readonly parentId: string | null;
  /**
   * Reads the nodes of the whole tree.
   *
   * @param options The signal that ends the reading.
   * @returns The nodes.
   */
  nodes(options: SourceOptions): AsyncIterable<{ readonly path: string; readonly value: Uint8Array }>;
}

/** A storage of a saved tree, as `CheckpointStorage` of `tsxs/checkpoints` is one. */
export interface SavedTreeStorage {
  /** The path of its directory. */
  readonly location: string;
  /**
   * Opens what was saved.
   *
   * @param options The signal that ends the wait.
   * @returns What is open; `null` if nothing was saved.
   */
  open(options: SourceOptions): Promise<AsyncDisposable | null>;
}

/** The nodes of a home that tell whose home it is. */
interface Identity {
  vm?: string;
  name?: string;
}

const IDENTITY = /^\/local\/domain\/(0|[1-9]\d{0,4})\/(vm|name)$/;

/**
 * Makes the function that lists the states of domains in a repository of saved trees, for {@linkcode checkpoints}.
 *
 * A tree is a state of each domain whose home is in it whole: the tree of `/local/domain/5` of one domain, and that of
 * `/local/domain` of all. The domain is the one whose UUID the saved node `vm` names, since numbers pass from one to
 * another. If it names none, the domain is the one of the saved node `name`. A whole tree is a snapshot, and a
 * difference is a checkpoint.
 *
 * @param repository The storages of the trees, as in a `CheckpointRepository`.
 * @param openTree Opens the tree of a storage, as `openTree` of `tsxs/checkpoints` does.
 * @param options Called with each storage that holds no tree that can be read. A storage without a file is no problem.
 * @returns The function.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { connect } from "tsxs";
 * import { CheckpointRepository, openTree, saveTree } from "tsxs/checkpoints";
 * import { checkpoints, DomainFlag, listDomains, treeStates } from "tsxs/domains";
 *
 * await using store = await connect("embedded:");
 * await store.write("/local/domain/5/name", "web");
 * await store.introduceDomain(5, 1, 1);
 * const repository = new CheckpointRepository(await mkdtemp("/tmp/checkpoints-"));
 * await saveTree(store, "/local/domain/5", { storage: await repository.create() });
 * const sources = [checkpoints(treeStates(repository, openTree))];
 * const [domain] = await listDomains(store, { flags: DomainFlag.hasSnapshot, sources });
 * console.log(domain?.name); // web
 * ```
 */
export function treeStates<Storage extends SavedTreeStorage>(
  repository: AsyncIterable<Storage>,
  openTree: (storage: Storage, options: SourceOptions) => Promise<SavedTree>,
  options: ProblemOptions = {},
): ListStates {
  return async function* (reading) {
    const problems = new Problems("checkpoints", options);
    for await (const storage of repository) {
      reading.signal?.throwIfAborted();
      yield* await statesOf(storage, openTree, reading).catch(async (error: unknown) => {
        reading.signal?.throwIfAborted();
        if (!await isEmpty(storage, reading)) problems.add(storage.location, messageOf(error));
        return [];
      });
    }
  };
}

async function statesOf<Storage extends SavedTreeStorage>(
  storage: Storage,
  openTree: (storage: Storage, options: SourceOptions) => Promise<SavedTree>,
  options: SourceOptions,
): Promise<KeptState[]> {
  const tree = await openTree(storage, options);
  const below = tree.path === "/" ? "/" : `${tree.path}/`;
  const contains = (home: string): boolean => home === tree.path || home.startsWith(below);
  // Most trees of a repository may be of other nodes, and need not be read.
  if (!/^\/local\/domain\/\d+$/.test(tree.path) && !"/local/domain/".startsWith(below)) return [];
  const identities = new Map<string, Identity>();
  for await (const { path, value } of tree.nodes(options)) {
    const [, id, field] = IDENTITY.exec(path) ?? [];
    if ((field !== "vm" && field !== "name") || !contains(homeOf(Number(id)))) continue;
    const identity = identities.get(`${id}`) ?? {};
    identity[field] = lenientText(value);
    identities.set(`${id}`, identity);
  }
  const kind = tree.parentId === null ? "snapshot" : "checkpoint";
  return [...identities.values()].flatMap(({ vm, name }): KeptState[] => {
    const domain = uuidOf(vm ?? null) ?? name;
    return domain === undefined ? [] : [{ domain, kind, evidence: storage.location }];
  });
}

/** Whether a storage has no file yet, or is gone. */
async function isEmpty(storage: SavedTreeStorage, options: SourceOptions): Promise<boolean> {
  try {
    await using opened = await storage.open(options);
    return opened === null;
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
