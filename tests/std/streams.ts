// What the tests use of @std/streams, under its name, over the Web Streams: JSR's own takes its place by one line of deno.json.

/** One stream of what all of them give, as it comes; ends when all have ended. */
export function mergeReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T> {
  const readers = streams.map((stream) => stream.getReader());
  return new ReadableStream<T>({
    async start(controller) {
      await Promise.all(readers.map(async (reader) => {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          controller.enqueue(value);
        }
      })).then(() => controller.close(), (error) => controller.error(error));
    },
    async cancel(reason) {
      await Promise.all(readers.map((reader) => reader.cancel(reason)));
    },
  });
}
