// The channels on which requests are published, for OpenTelemetry and other subscribers of diagnostics_channel.

/** A channel of `node:diagnostics_channel`. */
export interface DiagnosticsChannel {
  /** Whether anything subscribes to the channel. */
  readonly hasSubscribers: boolean;
  /** Passes a message to every subscriber, synchronously. */
  publish(message: unknown): void;
}

/** The channels of a tracing channel, named as `diagnostics_channel.tracingChannel()` names them. */
export interface DiagnosticsChannels {
  /** A request starts. */
  readonly start: DiagnosticsChannel;
  /** The call that made the request has returned. */
  readonly end: DiagnosticsChannel;
  /** The reply is there. */
  readonly asyncStart: DiagnosticsChannel;
  /** The request has ended. */
  readonly asyncEnd: DiagnosticsChannel;
  /** The request failed. */
  readonly error: DiagnosticsChannel;
}

/** The name of the tracing channel. */
export const REQUEST_CHANNEL = "tsxs:request";

/** Loads the channels of requests. Resolves with `null` if the runtime does not have them. */
export async function requestChannels(): Promise<DiagnosticsChannels | null> {
  try {
    // On demand: an import of the module takes Deno some milliseconds.
    const { channel } = await import("node:diagnostics_channel");
    const named = (name: string): DiagnosticsChannel => channel(`tracing:${REQUEST_CHANNEL}:${name}`);
    return {
      start: named("start"),
      end: named("end"),
      asyncStart: named("asyncStart"),
      asyncEnd: named("asyncEnd"),
      error: named("error"),
    };
  } catch {
    return null;
  }
}
