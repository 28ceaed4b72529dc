// The part of @std/streams that tests and examples use, on top of Web Streams. One line of deno.json replaces it.

/** Merges streams into one, which emits values as they arrive and ends when all streams have ended. */
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

/** Options for splitting text into lines. */
export interface TextLineStreamOptions {
  /** Whether a carriage return alone ends a line, too. @default false */
  allowCR?: boolean;
}

/** Splits text into lines without their ends, however it is divided. An empty last line is omitted. */
export class TextLineStream extends TransformStream<string, string> {
  /** Creates the stream. */
  constructor(options: TextLineStreamOptions = { allowCR: false }) {
    const { allowCR = false } = options;
    // A carriage return at the end of a chunk may be the first half of CRLF.
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
