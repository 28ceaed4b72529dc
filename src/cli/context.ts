// What a subcommand works with: its arguments, its names in messages, and the connection to the store.

import type { Client } from "../client/client.ts";
import type { Reporter } from "../events/reporter.ts";
import type { Connection } from "./connection.ts";
import type { Globals } from "./globals.ts";
import type { Ending, Invocation } from "./invocation.ts";
import type { Patience } from "./patience.ts";
import type { Session } from "./session.ts";
import type { WorkProgress } from "./silent_progress.ts";

/** A subcommand, which resolves with its exit status or with how it ends otherwise. */
export type Subcommand = (context: Context) => Promise<Ending>;

/** Subcommands by their names, each loaded on demand. */
export type Subcommands = ReadonlyMap<string, () => Promise<Subcommand>>;

/** What a subcommand works with. */
export interface Context {
  readonly invocation: Invocation;
  /** The options of the command itself. */
  readonly globals: Globals;
  /** Whether the command was called by the name of one of Xen's tools. */
  readonly isTool: boolean;
  /** The names of all subcommands. */
  readonly names: readonly string[];
  /** The name in the texts about usage: the command, and its subcommand if that was an argument. */
  readonly usageName: string;
  /** The arguments of the subcommand. */
  readonly args: readonly string[];
  /** Writes a message to standard error, after the name of the command. */
  warn(message: string): void;
  /** Writes lines to standard error as they are. */
  say(lines: string): void;
  /** Writes a complaint about an option, after the subcommand's name if that was an argument. */
  complain(complaint: string): void;
  /** Limits the time of an operation of the store, as `--timeout` says. */
  limit<T>(operation: string, result: Promise<T>): Promise<T>;
  /** Returns what shows how far long work is: nothing, unless the options and the terminal want progress bars. */
  progress(): Promise<WorkProgress>;
  /** Connects to the store. The connection is closed when the subcommand ends. */
  connect(): Promise<Session>;
  /** Connects as the library does, for what works on a {@linkcode Client}. It is closed when the subcommand ends. */
  client(): Promise<Client>;
  /** Runs other subcommands in this process. */
  readonly runner: Runner;
}

/** Runs subcommands for another subcommand, on a connection that they share. */
export interface Runner {
  /** Opens a connection, whose events `reporter` reports. */
  open(invocation: Invocation, reporter: Reporter): Promise<Connection>;
  /** Makes a session. The connection stays open when the session is closed. */
  session(connection: Connection): Promise<Session>;
  /** Runs a subcommand with its arguments. Prints its failures, and resolves with its exit status. */
  run(words: readonly string[], surroundings: Surroundings): Promise<Ending>;
}

/** What a subcommand gives another one that it runs. */
export interface Surroundings {
  readonly invocation: Invocation;
  /** The names that may be meant by an unknown name. */
  readonly names: readonly string[];
  /** Resolves if the subcommand is to be given up. */
  readonly cancelled: Promise<void>;
  /** Returns the connection for the sessions of the subcommand. */
  connection(patience: Patience | null): Promise<Connection>;
  /** Waits until what the subcommand opened is closed, or until that takes too long. */
  closing(closed: Promise<void>): Promise<void>;
}
