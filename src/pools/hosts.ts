// The connections to other hosts: one for each, which all operations share.

import { checkedWhole, checkNumber } from "../wire/checks.ts";
import { StateFiles } from "./state_files.ts";
import { SftpFiles } from "./files_sftp.ts";
import { LocalFiles } from "./files_local.ts";
import { locatedStates } from "./location_of.ts";
import { formatLocation, type Location } from "./location.ts";
import { type SftpConnection, SILENCE_MS } from "./sftp/connection.ts";
import { RemoteError } from "./sftp/errors.ts";
import { sshWords, startProgram } from "./sftp/process.ts";
import { startConnection } from "./sftp/start.ts";

type Remote = Extract<Location, { type: "ssh" }>;

/** The connections by which many states are transferred. The other end of each syncs one file at a time. */
const CONNECTIONS = 4;

/** How other hosts are reached. */
export interface HostsOptions {
  /**
   * The path of a configuration file for OpenSSH, in place of the user's.
   *
   * @default undefined
   */
  readonly sshConfig?: string | undefined;
  /**
   * Returns the program, and its arguments, that speaks SFTP with a host, in place of `ssh`.
   *
   * @default undefined
   */
  readonly command?: ((host: string) => readonly string[]) | undefined;
  /**
   * How long the login, and the first reply of a host, may take, in milliseconds, from 0 to 2147483647.
   *
   * @default 60000
   */
  readonly startTimeout?: number | undefined;
  /**
   * How long a host may be silent while it owes replies, in milliseconds, from 0 to 2147483647.
   *
   * @default 300000
   */
  readonly silenceTimeout?: number | undefined;
  /**
   * The most connections to one host, from 1. One serves all operations. The others are made only to transfer many
   * states.
   *
   * @default 4
   */
  readonly connections?: number | undefined;
}

const START_MS = 60_000;
/** The longest time of a timer in milliseconds: all runtimes turn a longer one into none. */
const TIMER_MAX = 2 ** 31 - 1;

/** The connections to other hosts. */
export class Hosts {
  /** The most connections to one host. */
  readonly connections: number;
  readonly #options: HostsOptions;
  readonly #connections = new Map<string, Promise<SftpConnection>>();
  #closing = new AbortController();
  /** The connections that a host refused, although it has accepted the first one. */
  readonly #refused = new Set<string>();

  /**
   * Makes no connection yet.
   *
   * @param options The configuration of SSH, or another program, the limits of time, and the number of connections.
   * @throws {RangeError} If `connections` is not a positive integer, or a limit of time is out of range.
   */
  constructor(options: HostsOptions = {}) {
    const { connections = CONNECTIONS, startTimeout = START_MS, silenceTimeout = SILENCE_MS } = options;
    checkedWhole("connections", connections, 1);
    checkNumber("startTimeout", startTimeout, TIMER_MAX);
    checkNumber("silenceTimeout", silenceTimeout, TIMER_MAX);
    this.#options = options;
    this.connections = connections;
  }

  /**
   * Returns the states of a location. The connection is made when they are first used.
   *
   * @param location The location.
   * @param lane Which of the connections to the host is used, from 0. If the host refuses it, the first one is used.
   * @returns The states.
   */
  states(location: Location, lane: number = 0): StateFiles {
    if (location.type !== "ssh") return locatedStates(new StateFiles(new LocalFiles(location.path)));
    const { host, path } = location;
    const files = new SftpFiles(formatLocation(location), host, path, () => this.#lane(location, lane));
    return locatedStates(new StateFiles(files));
  }

  /** Closes all connections. One that has yet to be made is given up. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the connections were closed"));
    this.#closing = new AbortController();
    const opened = [...this.#connections.values()];
    this.#connections.clear();
    this.#refused.clear();
    await Promise.allSettled(opened.map(async (one) => await (await one).close()));
  }

  /** Returns a connection. The first one tells whether the host can be used at all. */
  async #lane(location: Remote, lane: number): Promise<SftpConnection> {
    const key = keyOf(location, lane);
    if (lane === 0) return await this.#connection(location, key);
    const first = await this.#connection(location, keyOf(location, 0));
    if (this.#refused.has(key)) return first;
    const { signal } = this.#closing;
    try {
      return await this.#connection(location, key);
    } catch (error) {
      // The host has not refused what this process gave up.
      if (signal.aborted) throw error;
      this.#refused.add(key);
      return first;
    }
  }

  async #connection(location: Remote, key: string): Promise<SftpConnection> {
    const known = this.#connections.get(key);
    if (known !== undefined) {
      const connection = await known;
      if (connection.end === null) return connection;
      // Several operations may find the end. The first of them connects again.
      if (this.#connections.get(key) === known) this.#connections.delete(key);
      return await this.#connection(location, key);
    }
    const opening = this.#open(location);
    this.#connections.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      this.#connections.delete(key);
      throw error;
    }
  }

  async #open(location: Remote): Promise<SftpConnection> {
    const { command, sshConfig, startTimeout = START_MS, silenceTimeout = SILENCE_MS } = this.#options;
    const { signal } = this.#closing;
    const words = command?.(location.host) ?? sshWords(location, sshConfig);
    try {
      const duplex = await startProgram(words);
      return await startConnection(duplex, location.host, { start: startTimeout, silence: silenceTimeout }, signal);
    } catch (error) {
      if (error instanceof RemoteError) throw error;
      throw new RemoteError(location.host, "unreachable", error instanceof Error ? error.message : "", {
        cause: error,
      });
    }
  }
}

function keyOf(location: Remote, lane: number): string {
  return `${lane} ${formatLocation({ ...location, path: "/" })}`;
}
