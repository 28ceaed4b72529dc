// Many short connections to a daemon, while a worker of the same process writes and checks its own files.

import { join } from "node:path";
import { Daemon } from "../../src/daemon/mod.ts";
import { connect } from "../../mod.ts";
import { FileChecker, type Findings } from "./file_checker.ts";
import { inDirectory } from "./socket.ts";

/** The number of clients that connect concurrently. */
const CLIENTS = 16;

/** The results of the connections and of the worker. */
export interface Outcome extends Findings {
  /** The number of connections that got a reply. */
  readonly connections: number;
  /** The errors of the other connections. */
  readonly errors: readonly unknown[];
}

/** Opens a number of connections to a daemon, with one request each. */
export async function connectOften(count: number): Promise<Outcome> {
  return await inDirectory(async (directory) => {
    const checker = await FileChecker.start(directory);
    const daemon = new Daemon();
    const { path } = await daemon.listen(join(directory, "socket"));
    let begun = 0;
    let connections = 0;
    const errors: unknown[] = [];
    const client = async (): Promise<void> => {
      while (begun < count) {
        begun++;
        try {
          await using store = await connect(`unix:${path}`);
          await store.list("/");
          connections++;
        } catch (error) {
          errors.push(error);
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: CLIENTS }, client));
    } finally {
      await daemon.close();
    }
    return { connections, errors, ...await checker.stop() };
  });
}
