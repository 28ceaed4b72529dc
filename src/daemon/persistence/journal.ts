// The journal of a store: every change is on the disk before a client is told of it.

import type { Clock } from "../clock.ts";
import type { Change } from "../tree/changes.ts";
import { codedError, codeOf } from "../../wire/system_errors.ts";
import { failed, JournalError } from "./errors.ts";
import type { Files } from "./files.ts";
import type { Lock } from "./lock.ts";
import { Log } from "./log.ts";
import { fileName, type Restored } from "./restore.ts";
import { SnapshotWriting } from "./snapshot.ts";

/**
 * When batches are brought to the disk itself, beyond the system's cache: before each {@linkcode Journal.commit}
 * returns; some time after it; or when the system likes. What is in the cache outlives the process, but not the
 * machine.
 */
export type SyncPolicy = "always" | "interval" | "never";

/** How a journal works. */
export interface JournalOptions {
  /** When batches are brought to the disk: `"always"` unless given. */
  readonly sync?: SyncPolicy | undefined;
  /** For `"interval"`: how long a batch may be in the cache alone, in milliseconds; 1000 unless given. */
  readonly interval?: number | undefined;
  /** How large the logs get at the least before a snapshot takes their place, in bytes; 1 MiB unless given. */
  readonly compactAt?: number | undefined;
  /** Where time comes from. */
  readonly clock: Clock;
  /**
   * What builds the store as it is when this is called, from a store without any node. It is read later, while the
   * store changes: it has to be that of an immutable root.
   */
  readonly snapshot: () => Iterable<Change>;
  /** Called after a harmless failure: a snapshot could not be written. The logs continue, and it is tried again. */
  readonly onProblem?: ((error: JournalError) => void) | undefined;
}

const COMPACT_AT = 1024 * 1024;
const INTERVAL_MS = 1000;
/** Without changes, the journal checks so often that it still has its directory. */
const CHECK_MS = 1000;
/** The codes of the system if a directory is gone. */
const GONE: readonly (string | undefined)[] = ["ENOENT", "ENOTDIR", "ESTALE"];

/**
 * Persists the changes of a store. Each change goes through {@linkcode Journal.append}, in order, before any client can
 * see it. {@linkcode Journal.commit} is called before a reply or an event that tells of the change is sent.
 */
export class Journal implements AsyncDisposable {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #options: JournalOptions;
  readonly #policy: SyncPolicy;
  readonly #compactAt: number;
  readonly #lock: Lock | null;
  #log: Log;
  /** The number of the last batch that was appended. */
  #sequence: number;
  /** The number of the last batch that is in the file. */
  #written: number;
  /** The number of the last batch that is on the disk for sure. */
  #synced: number;
  /** The bytes of the logs after the snapshot, except for the current log. */
  #closedLogs: number;
  #snapshotSize: number;
  /** Bytes of the logs at which to write a snapshot. */
  #limit: number;
  #timer: { cancel(): void } | null = null;
  /** When the oldest batch was written that is not on the disk for sure. */
  #lateSince = 0;
  #compaction: { writing: SnapshotWriting; ended: Promise<boolean> } | null = null;
  /** When the journal last checked that it has its directory. */
  #checkedAt: number;
  #failure: JournalError | null = null;
  #closed = false;

  /** Continues after {@linkcode restore}. Throws a {@linkcode JournalError} if that fails. */
  constructor(files: Files, restored: Restored, options: JournalOptions, lock: Lock | null = null) {
    const { sync = "always", compactAt = COMPACT_AT, clock } = options;
    this.#files = files;
    this.#clock = clock;
    this.#options = options;
    this.#policy = sync;
    this.#compactAt = compactAt;
    this.#lock = lock;
    this.#sequence = this.#written = this.#synced = restored.sequence;
    this.#snapshotSize = restored.snapshotSize;
    const name = fileName(restored.log?.generation ?? restored.generation, "log");
    let file = files.path("");
    try {
      // The previous process may have ended between renaming a file and syncing the directory.
      files.syncDirectory();
      for (const leftover of restored.leftovers) files.remove(leftover);
      file = files.path(name);
      this.#log = restored.log === null
        ? Log.create(files, restored.generation, restored.sequence)
        : Log.open(files, restored.log);
    } catch (error) {
      throw failed(`cannot open "${files.path("")}"`, error, file);
    }
    this.#closedLogs = Math.max(0, restored.logSize - this.#log.length);
    this.#limit = this.#nextLimit();
    this.#checkedAt = clock.now();
  }

  /** Why nothing more can be kept; null as long as it can. */
  get failure(): JournalError | null {
    return this.#failure;
  }

  /**
   * Adds one batch, of which a restart finds everything or nothing. The batch is written by {@linkcode commit}, but its
   * room is reserved now. Throws a {@linkcode JournalError} with the code of the system, such as `"ENOSPC"`, if there
   * is no room or an earlier write failed. Then the batch is not part of the journal, and must not become part of the
   * store.
   */
  append(changes: readonly Change[]): void {
    this.#check();
    if (changes.length === 0) return;
    const sequence = this.#sequence + 1;
    try {
      this.#log.append(changes, sequence, this.#sequence - this.#synced);
    } catch (error) {
      throw failed("cannot keep a change", error, this.#logFile);
    }
    this.#sequence = sequence;
  }

  /**
   * Writes the appended batches in one piece, and syncs them if the policy says so. Throws a {@linkcode JournalError}
   * if that fails. Then it is not known which of the batches a restart would find, nothing that tells of them may be
   * sent, and every later write fails. The store must be opened anew.
   */
  commit(): void {
    if (!this.#log.hasPending) return;
    this.#check();
    this.#write();
    if (this.#policy === "always") this.#sync();
    else if (this.#policy === "interval") this.#syncSoon();
    this.#checkPlace();
    if (this.#closedLogs + this.#log.length > this.#limit && this.#compaction === null) this.#compact();
  }

  /**
   * Checks from time to time that the directory and its lock are still there, as {@linkcode commit} does for each
   * change. Throws a {@linkcode JournalError} if they are gone or replaced: another process may use the path. Then
   * every later write fails.
   */
  checkNowAndThen(): void {
    if (this.#failure !== null || this.#closed || this.#clock.now() - this.#checkedAt < CHECK_MS) return;
    this.#checkPlace();
  }

  /**
   * Writes a snapshot now, unless one is being written. Resolves when it has taken the place of the logs: true, if it
   * has.
   */
  compact(): Promise<boolean> {
    this.commit();
    this.#check();
    if (this.#compaction === null) this.#compact();
    return this.#compaction?.ended ?? Promise.resolve(false);
  }

  /** Brings all that was appended to the disk and closes the files; may be called again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { writing, ended } = this.#compaction ?? {};
    try {
      this.#timer?.cancel();
      writing?.cancel();
      if (this.#failure !== null) return;
      if (this.#log.hasPending) this.#write();
      this.#guard("cannot keep the store", () => this.#log.finish());
    } finally {
      try {
        this.#log.close();
        await ended;
      } finally {
        await this.#lock?.release();
      }
    }
  }

  /** The same as {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #logFile(): string {
    return this.#files.path(fileName(this.#log.generation, "log"));
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#closed) throw new JournalError("failed", "cannot keep a change: the journal is closed");
  }

  /** Runs a step whose failure leaves the log in an unknown state. Such a failure is final. */
  #guard(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#timer?.cancel();
      throw this.#failure = failed(what, error, this.#logFile);
    }
  }

  /** Not before the write: a process that opens the path from now on finds what was written. */
  #checkPlace(): void {
    this.#checkedAt = this.#clock.now();
    this.#guard("cannot keep the store", () => {
      const lost = this.#lock?.isHeld() === false ? this.#lock.file : this.#log.isThere ? null : this.#logFile;
      if (lost !== null) throw codedError("ENOENT", `"${lost}" was removed or replaced while the daemon used it`);
    });
  }

  #write(): void {
    this.#guard("cannot write what changed", () => this.#log.write());
    this.#written = this.#sequence;
  }

  /**
   * After a failure the system forgets what it could not write: trying again would succeed without having written it.
   */
  #sync(): void {
    this.#guard("cannot bring what changed to the disk", () => this.#log.sync());
    this.#synced = this.#written;
  }

  /** Not by the timer alone: a process that is busy without a pause may not come to it. */
  #syncSoon(): void {
    const { interval = INTERVAL_MS } = this.#options;
    const now = this.#clock.now();
    if (this.#timer === null) {
      this.#lateSince = now;
      this.#timer = this.#clock.after(interval, () => this.#syncLate());
    } else if (now - this.#lateSince >= interval) {
      this.#lateSince = now;
      this.#sync();
    }
  }

  #syncLate(): void {
    this.#timer = null;
    if (this.#failure !== null || this.#synced === this.#written) return;
    try {
      this.#sync();
      this.#checkPlace();
    } catch (error) {
      if (error instanceof JournalError) this.#options.onProblem?.(error);
      else throw error;
    }
  }

  #nextLimit(): number {
    return Math.max(this.#compactAt, 2 * this.#snapshotSize);
  }

  /** Starts a new log and, beside it, the snapshot of what is in the logs before. */
  #compact(): void {
    const logs = this.#closedLogs + this.#log.length;
    // After a failure, not before as much again has been written.
    this.#limit = logs + this.#nextLimit();
    const generation = this.#log.generation + 1;
    const base = this.#sequence;
    if (!this.#rotate(generation, base)) return;
    this.#closedLogs = logs;
    const writing = new SnapshotWriting(this.#files, generation, base, this.#options.snapshot(), this.#clock);
    const ended = writing.done.then((size) => {
      this.#compaction = null;
      if (size === null) return false;
      this.#closedLogs = 0;
      this.#snapshotSize = size;
      this.#limit = this.#nextLimit();
      this.#removeBefore(generation);
      return true;
    }, (error: unknown) => {
      this.#compaction = null;
      this.#failIfGone("cannot write a snapshot", error);
      this.#options.onProblem?.(this.#failure ?? failed("cannot write a snapshot", error));
      return false;
    });
    this.#compaction = { writing, ended };
  }

  /** Notes that nothing more can be kept if a call failed because the directory is gone. */
  #failIfGone(what: string, error: unknown): void {
    if (GONE.includes(codeOf(error))) this.#failure ??= failed(what, error, this.#files.path(""));
  }

  /** Starts a new log. If that fails, the old log continues, unless the directory is gone. */
  #rotate(generation: number, base: number): boolean {
    this.#guard("cannot bring what changed to the disk", () => this.#log.finish());
    this.#synced = this.#written;
    let next: Log;
    try {
      next = Log.create(this.#files, generation, base);
    } catch (error) {
      this.#failIfGone("cannot start a new log", error);
      this.#check();
      this.#options.onProblem?.(failed("cannot start a new log", error));
      return false;
    }
    try {
      this.#log.close();
    } catch { /* it is on the disk already */ }
    this.#log = next;
    return true;
  }

  #removeBefore(generation: number): void {
    try {
      for (const name of this.#files.list()) {
        const [, digits = ""] = /^(\d{10})\.(?:log|snapshot)$/.exec(name) ?? [];
        if (digits !== "" && Number(digits) < generation) this.#files.remove(name);
      }
    } catch { /* The next start removes the file. */ }
  }
}
