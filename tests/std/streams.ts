// What tests and examples use of @std/streams, under its name, over the Web Streams: JSR's own takes its place by one line of deno.json.

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

/** How to split text into lines. */
export interface TextLineStreamOptions {
  /** Whether a carriage return alone ends a line too; false by default. */
  allowCR?: boolean;
}

/** Splits text, however its chunks are cut, into lines without their ends; an empty line at the end is left out. */
export class TextLineStream extends TransformStream<string, string> {
  /** Makes the stream. */
  constructor(options: TextLineStreamOptions = { allowCR: false }) {
    const { allowCR = false } = options;
    // A carriage return at the end of what is there may be the first half of CRLF.
    const end = allowCR ? /\r?\n|\r(?!\n|$)/ : /\r?\n/;
    let rest = "";
    super({
      transform(chunk, controller) {
        const lines = (rest + chunk).split(end);
        rest = lines.pop() ?? "";
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        const last = allowCR ? rest.replace(/\r$/, "") : rest;
        if (rest !== "") controller.enqueue(last);
      },
    });
  }
}
