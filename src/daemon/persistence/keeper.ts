// Keeps the store of a core in a directory, and gives it back.

import type { Clock } from "../clock.ts";
import type { Core } from "../core.ts";
import { type QuotaName, quotaNames } from "../quotas.ts";
import type { Change, StoreNode, View } from "../tree.ts";
import { JournalError } from "./errors.ts";
import type { Journal, SyncPolicy } from "./journal.ts";
import { changesOf, nodesBelow } from "./nodes.ts";
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
  /** Told of what failed without harm: a snapshot that could not be written. */
  readonly onProblem?: ((error: JournalError) => void) | undefined;
  /** Told once when changes can be kept no longer: what was made since may leave no more, and the daemon should end. */
  readonly onFailed?: ((error: JournalError) => void) | undefined;
}

/**
 * Keeps the nodes, permissions and quotas of one core. The core's `onChanges` is {@linkcode Keeper.take}; the core is given
 * to {@linkcode Keeper.load} before anybody connects; whoever sends what the core queued asks {@linkcode Keeper.commit}
 * first, each time.
 */
export class Keeper implements AsyncDisposable {
  readonly #options: KeeperOptions;
  #opened: OpenedJournal | null = null;
  #core: Core | null = null;
  /** What stands above the root, as it is kept. */
  #top: StoreNode | null = null;
  /** The quotas of new domains that nobody set. */
  #quotas: ReadonlyMap<QuotaName, number> = new Map();
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
      snapshot: () => keeper.#changes(keeper.#loaded),
    });
    return keeper;
  }

  /** What a crash left incomplete, if anything: nobody was told of it. */
  get discarded(): Discarded | null {
    return this.#opened?.discarded ?? null;
  }

  /**
   * Fills a core with the store that was kept; what it has in a directory that is new, is kept. Throws a
   * {@linkcode JournalError} where that cannot be.
   */
  load(core: Core): void {
    this.#quotas = new Map(quotaNames.map((name) => [name, core.quotas.get(name)]));
    if (this.#opened?.isNew) this.#journal.append([...this.#changes(core)]);
    else {
      for (const [name] of [...core.view.top.children.entries()]) core.view.remove(name === "" ? "/" : name);
      try {
        core.restore(this.#opened?.changes ?? []);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new JournalError("corrupt", `cannot restore the store: ${error.message}`, { cause: error });
      }
    }
    this.#core = core;
    this.#top = core.view.top;
    this.#journal.commit();
  }

  /**
   * Takes what a request changed. Throws where it cannot be kept, after it has taken it back: nodes and permissions are as
   * before. Who watches may be told of a change that is not there, which a watch allows.
   */
  take(changes: readonly Change[]): void {
    const core = this.#loaded;
    try {
      this.#journal.append(changes);
      this.#top = core.view.top;
    } catch (error) {
      if (this.#top !== null) goBack(core.view, this.#top);
      throw error;
    }
  }

  /**
   * Brings to the directory what was taken, and what changed without a request. False where that failed, now or before: then
   * nothing that the core queued may be sent.
   */
  commit(): boolean {
    if (this.#hasFailed) return false;
    const { view } = this.#loaded;
    try {
      if (view.changes.length > 0) {
        const { changes } = view;
        view.changes = [];
        this.#journal.append(changes);
        this.#top = view.top;
      }
      this.#journal.commit();
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#fail(error);
    }
    return !this.#hasFailed;
  }

  /** Brings everything to the disk and lets go of the directory; closing twice is fine. */
  async close(): Promise<void> {
    if (this.#core !== null) this.commit();
    await this.#journal.close();
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #journal(): Journal {
    if (this.#opened === null) throw new Error("cannot keep a store: the directory is not open");
    return this.#opened.journal;
  }

  get #loaded(): Core {
    if (this.#core === null) throw new Error("cannot keep a store: there is none yet");
    return this.#core;
  }

  /** What builds the store of a core as it is now. */
  #changes(core: Core): Iterable<Change> {
    const quotas = quotasOf(core, this.#quotas);
    const nodes = changesOf(core.view.top);
    return {
      *[Symbol.iterator]() {
        yield* quotas;
        yield* nodes;
      },
    };
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

/** The quotas that somebody set: of new domains, and of those that have others. */
function quotasOf({ quotas, domains }: Core, usual: ReadonlyMap<QuotaName, number>): Change[] {
  const set: Change[] = [];
  for (const name of quotaNames) {
    const value = quotas.get(name);
    if (value !== usual.get(name)) set.push({ kind: "quota", domid: null, name, value });
    for (const [domid, domain] of domains) {
      const own = domain.quotas.get(name);
      if (own !== value) set.push({ kind: "quota", domid, name, value: own });
    }
  }
  return set;
}

/** Makes a view what it was, and counts anew what belongs to whom. */
function goBack(view: View, top: StoreNode): void {
  view.top = top;
  view.usage.clear();
  for (const { node } of nodesBelow(top)) {
    const usage = view.usageOf(node.permissions.owner);
    usage.nodes++;
    usage.bytes += node.size;
    for (const { domid } of node.permissions.entries.slice(1)) view.usageOf(domid).mentions++;
  }
}
