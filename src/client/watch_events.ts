// The events of a monitor.

/**
 * A watched node or a node below it changed, or the watch was just set. Stores may send spurious events: read the
 * current state.
 */
export interface ChangeEvent {
  /** The kind of the event. */
  readonly type: "change";
  /** The path that changed: absolute, or relative if the watch is. */
  readonly path: string;
  /** The token of the watch. */
  readonly token: string;
}

/** Events were lost here, since the events before them were not taken in time: read all state again. */
export interface OverflowEvent {
  /** The kind of the event. */
  readonly type: "overflow";
  /** The number of lost events. */
  readonly lost: number;
}

/** The connection was lost and made again. Every watch is set again, which causes a change event that follows. */
export interface ReconnectedEvent {
  /** The kind of the event. */
  readonly type: "reconnected";
}

/** A watch of a monitor, by its path and token. */
export interface WatchName {
  /** The path of the watch. */
  readonly path: string;
  /** The token of the watch. */
  readonly token: string;
}

/** The state below these watches must be read again. The event follows each overflow and each reconnection. */
export interface ResyncEvent {
  /** The kind of the event. */
  readonly type: "resync";
  /**
   * The watches that lost events; all watches after a reconnection, also if its event was lost.
   *
   * If overflows wait that concern more watches together than the limit of the monitor, the first of them alone may
   * name a watch.
   */
  readonly watches: readonly WatchName[];
}

/** The value of a node changed, for a watch that delivers values. */
export interface ValueEvent {
  /** The kind of the event. */
  readonly type: "value";
  /** The path that changed: absolute, or relative if the watch is. */
  readonly path: string;
  /** The token of the watch. */
  readonly token: string;
  /** The value; `null` if the node does not exist. */
  readonly value: Uint8Array | null;
  /** The value that the watch remembers; `null` if it delivered none, has forgotten it, or the node did not exist. */
  readonly previous: Uint8Array | null;
}

/** An event of a monitor. */
export type MonitorEvent = ChangeEvent | ValueEvent | OverflowEvent | ReconnectedEvent | ResyncEvent;
