// Keeps the store of a store in a directory, and gives it back.

import type { Clock } from "../clock.ts";
import type { Store } from "../state/store.ts";
import { draftEnd, strangers } from "../state/lifecycle.ts";
import { quotaNames } from "../tree/quotas.ts";
import { nodesBelow } from "../tree/listing.ts";
import type { Change } from "../tree/changes.ts";
import type { StoreNode } from "../tree/store_node.ts";
import { JournalError } from "./errors.ts";
import type { Journal, SyncPolicy } from "./journal.ts";
import { type OpenedJournal, openJournal } from "./open.ts";
import type { Discarded } from "./restore.ts";

/** How a store is kept. */
export interface KeeperOptions {
  /** When changes are brought to the disk itself: `"always"` unless given. See {@linkcode SyncPolicy}. */
  readonly sync?: SyncPolicy | undefined;
  /** For `"interval"`: how long a change may be in the system's cache alone, in milliseconds; 1000 unless given. */
  readonly interval?: number | undefined;
  /** Where time comes from. */
  readonly clock: Clock;
  /** Called after a harmless failure: a snapshot could not be written. */
  readonly onProblem?: ((error: JournalError) => void) | undefined;
  /** Told once when changes can be kept no longer: what was made since may leave no more, and the daemon should end. */
  readonly onFailed?: ((error: JournalError) => void) | undefined;
}

/**
 * Persists the nodes, permissions and quotas of one store. The store's `onChanges` is {@linkcode Keeper.take}.
 * {@linkcode Keeper.load} fills the store before a client connects. {@linkcode Keeper.commit} runs each time before
 * queued bytes are sent.
 */
export class Keeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  #opened: OpenedJournal | null = null;
  #store: Store | null = null;
  #hasFailed = false;

  private constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Opens a directory, as {@linkcode openJournal} does. */
  static async open(directory: string, options: KeeperOptions): Promise<Keeper> {
    const keeper = new Keeper(options);
    keeper.#opened = await openJournal(directory, {
      ...options,
      onProblem: (error) => keeper.#problem(error),
      snapshot: () => contents(keeper.#loaded),
    });
    return keeper;
  }

  /** The incomplete changes that a crash left at the end of the log, if any. No client was told of them. */
  get discarded(): Discarded | null {
    return this.#opened?.discarded ?? null;
  }

  /**
   * Fills a store with the persisted store. In a new directory, the content of the store is persisted instead.
   * Everything of domains that no longer exist is removed. Throws a {@linkcode JournalError} if that cannot be
   * persisted.
   */
  load(store: Store): void {
    const { isNew = false, changes = [] } = this.#opened ?? {};
    if (isNew) this.#journal.append([...contents(store)]);
    else restoreInto(store, changes);
    for (const domid of strangers(store)) {
      const end = draftEnd(store, domid);
      this.#journal.append(end.view.changes);
      store.apply(end);
    }
    this.#store = store;
    this.#journal.commit();
  }

  /** Takes changes. Throws a {@linkcode JournalError} if they cannot be persisted: then they must not be made. */
  take(changes: readonly Change[]): void {
    this.#journal.append(changes);
  }

  /** Takes changes that happen in any case. If they cannot be persisted, the keeper fails for good. */
  takeAnyway(changes: readonly Change[]): void {
    this.#orFail(() => this.take(changes));
  }

  /** Persists the taken changes. Returns false if that failed, now or before: then no queued byte may be sent. */
  commit(): boolean {
    if (!this.#hasFailed) {
      this.#orFail(() => {
        this.#journal.commit();
        this.#journal.checkNowAndThen();
      });
    }
    return !this.#hasFailed;
  }

  /** Brings everything to the disk and lets go of the directory, which it does in any case; closing twice is fine. */
  async close(): Promise<void> {
    try {
      if (!this.#hasFailed) this.#orFail(() => this.#journal.commit());
    } finally {
      await this.#journal.close();
    }
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #journal(): Journal {
    if (this.#opened === null) throw new Error("cannot keep a store: the directory is not open");
    return this.#opened.journal;
  }

  get #loaded(): Store {
    if (this.#store === null) throw new Error("cannot persist a store: load() was not called");
    return this.#store;
  }

  #orFail(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#fail(error);
    }
  }

  #problem(error: JournalError): void {
    if (this.#journal.failure === null) this.#options.onProblem?.(error);
    else this.#fail(error);
  }

  #fail(error: JournalError): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#options.onFailed?.(error);
  }
}

/** Replaces what a store holds. Throws a {@linkcode JournalError} if the changes build no tree. */
function restoreInto(store: Store, changes: Iterable<Change>): void {
  const initial = store.view.top.children.list().map(({ name }): Change => ({
    kind: "remove",
    path: name === "" ? "/" : name,
  }));
  try {
    store.restore(inTurn(initial, changes));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new JournalError("corrupt", `cannot restore the store: ${error.message}`, { cause: error });
  }
}

/**
 * The changes that build what a store holds now, from a store without any node. Later changes of the store do not show.
 */
function contents({ quotas, domains, view }: Store): Iterable<Change> {
  const set: Change[] = [];
  // The quotas of new domains come first: a domain starts with a copy of them.
  for (const name of quotas.namesSet) set.push({ kind: "quota", domid: null, name, value: quotas.get(name) });
  for (const [domid, { quotas: own }] of domains) {
    if (own.namesSet.size === 0) continue;
    for (const name of quotaNames) set.push({ kind: "quota", domid, name, value: own.get(name) });
  }
  const { top } = view;
  return { [Symbol.iterator]: () => inTurn(set, treeChanges(top)) };
}

/** The changes that build the tree below a top, from a tree without any node. */
export function* treeChanges(top: StoreNode): Generator<Change> {
  for (const { path, node: { value, permissions } } of nodesBelow(top)) yield { kind: "put", path, value, permissions };
}

function* inTurn(first: Iterable<Change>, second: Iterable<Change>): Generator<Change> {
  yield* first;
  yield* second;
}
