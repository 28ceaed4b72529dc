// Keeps the store of a core in a directory, and gives it back.

import type { Clock } from "../clock.ts";
import type { Core } from "../state/store.ts";
import { endOf, strangers } from "../state/lifecycle.ts";
import { quotaNames } from "../tree/quotas.ts";
import type { Change } from "../tree/tree.ts";
import { JournalError } from "./errors.ts";
import type { Journal, SyncPolicy } from "./journal.ts";
import { changesOf } from "../tree/listing.ts";
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
   * Fills a core with the store that was kept; what it has in a directory that is new, is kept. Of domains that are gone
   * meanwhile, nothing is left. Throws a {@linkcode JournalError} where that cannot be.
   */
  load(core: Core): void {
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
    for (const domid of strangers(core)) {
      const end = endOf(core, domid);
      this.#journal.append(end.changes);
      end.carryOut();
    }
    this.#core = core;
    this.#journal.commit();
  }

  /** Takes changes. Throws a {@linkcode JournalError} where they cannot be kept: then they must not be made. */
  take(changes: readonly Change[]): void {
    this.#journal.append(changes);
  }

  /** Takes changes that come about in any case. Where they cannot be kept, nothing can be any longer. */
  takeAnyway(changes: readonly Change[]): void {
    this.#orFail(() => this.take(changes));
  }

  /**
   * Brings to the directory what was taken. False where that failed, now or before: then nothing that the core queued may be
   * sent.
   */
  commit(): boolean {
    if (!this.#hasFailed) this.#orFail(() => this.#journal.commit());
    return !this.#hasFailed;
  }

  /** Brings everything to the disk and lets go of the directory, which it does in any case; closing twice is fine. */
  async close(): Promise<void> {
    try {
      this.commit();
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

  get #loaded(): Core {
    if (this.#core === null) throw new Error("cannot keep a store: there is none yet");
    return this.#core;
  }

  /** What builds the store of a core as it is now. */
  #changes(core: Core): Iterable<Change> {
    const quotas = quotasOf(core);
    const nodes = changesOf(core.view.top);
    return {
      *[Symbol.iterator]() {
        yield* quotas;
        yield* nodes;
      },
    };
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

/** The quotas that somebody set. Those of new domains come first: what is known of a domain starts as their copy. */
function quotasOf({ quotas, domains }: Core): Change[] {
  const set: Change[] = [];
  for (const name of quotas.namesSet) set.push({ kind: "quota", domid: null, name, value: quotas.get(name) });
  for (const [domid, { quotas: own }] of domains) {
    if (own.namesSet.size === 0) continue;
    for (const name of quotaNames) set.push({ kind: "quota", domid, name, value: own.get(name) });
  }
  return set;
}
