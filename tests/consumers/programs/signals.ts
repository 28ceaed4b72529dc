// Uses types that need the DOM or a runtime: signals and streams.

import type { Client, MonitorEvent } from "tsxs";

export async function useSignal(store: Client): Promise<string | undefined> {
  await store.read("/tool", { signal: AbortSignal.timeout(1000) });
  // @ts-expect-error: the option must be a signal.
  await store.read("/tool", { signal: {} });
  const stream: ReadableStream<MonitorEvent> = store.monitor().stream();
  const { value } = await stream.getReader().read();
  // @ts-expect-error: an event is not a number.
  const wrong: number | undefined = value;
  return value?.type ?? `${wrong}`;
}
