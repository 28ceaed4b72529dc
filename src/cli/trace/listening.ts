// A socket on which `trace` listens, at a path that is handled as that of a daemon.

/** A socket that is bound. */
export interface Bound {
  /** Accepts no more connections, and resolves when the socket is closed. */
  close(): Promise<void>;
}

/** A socket at its path. */
export interface Listener {
  /** The absolute path of the socket. */
  readonly path: string;
  /** Stops listening, and removes the file of the socket, unless another socket has replaced it. */
  close(): Promise<void>;
}

/**
 * Listens at a path by the rules of the daemon: mode 0600, and a stale socket is replaced. Rejects as the daemon does.
 */
export async function listenByRules(path: string, bind: (path: string) => Promise<Bound>): Promise<Listener> {
  const { listenAt } = await import("../../daemon/lines/server.ts");
  return await listenAt(path, bind);
}
