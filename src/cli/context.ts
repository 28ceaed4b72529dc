// What a subcommand works with: its arguments, its names in messages, and the connection to the store.

import type { Client } from "../client/client.ts";
import type { Globals } from "./globals.ts";
import type { Invocation } from "./invocation.ts";
import type { Session } from "./session.ts";
import type { WorkProgress } from "./silent_progress.ts";

/** A subcommand, which resolves with its exit status. */
export type Subcommand = (context: Context) => Promise<number>;

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
}
