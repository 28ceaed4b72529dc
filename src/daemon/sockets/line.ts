// The daemon's end of a stream of bytes, whatever carries it: a socket, or the memory of this process.

/** What the daemon does with a stream. */
export interface Line {
  /**
   * Sends bytes, which are the line's only during the call. False: it is full. It took these all the same, and
   * `drained()` says when it has room for more.
   */
  write(bytes: Uint8Array): boolean;
  /** Receives nothing for the time being; who sends is held up. */
  pause(): void;
  /** Receives again, not before the caller's turn is over. */
  resume(): void;
  /**
   * Ends the stream. What it took by then is sent as far as the receiver's end has room; nothing is called back any
   * more.
   */
  close(): void;
}

/** Takes the bytes and the end of a line. It is never called from within a call to the line. */
export interface LineUser {
  /** The next bytes, cut anywhere. They hold only during the call. */
  receive(bytes: Uint8Array): void;
  /** A line that was full has sent all that it took. */
  drained(): void;
  /** Called at most once, when the peer or an error ends the stream. */
  closed(): void;
}

/** Makes the user of a line. Throws if the line cannot be served and is to be closed. */
export type Serve = (line: Line) => LineUser;
