// Our part of @std/streams: splitting text into lines, and merging streams.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { mergeReadableStreams, TextLineStream, type TextLineStreamOptions } from "@std/streams";

function streamOf<T>(...values: T[]): ReadableStream<T> {
  return new ReadableStream({
    start(controller) {
      for (const value of values) controller.enqueue(value);
      controller.close();
    },
  });
}

async function all<T>(stream: ReadableStream<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

async function lines(chunks: readonly string[], options?: TextLineStreamOptions): Promise<string[]> {
  return await all(streamOf(...chunks).pipeThrough(new TextLineStream(options)));
}

describe("TextLineStream", () => {
  test("TextLineStream splits at LF and CRLF, wherever the text is divided", async () => {
    const text = "one\r\n\ntwo\rthree\n\r\nfour";
    for (let i = 0; i <= text.length; i++) {
      assertEquals(
        await lines([text.slice(0, i), text.slice(i)]),
        ["one", "", "two\rthree", "", "four"],
        `cut at ${i}`,
      );
    }
    assertEquals(await lines([...text]), ["one", "", "two\rthree", "", "four"]);
  });

  test("TextLineStream splits at CR if allowCR is set", async () => {
    const text = "one\r\rtwo\r\nthree\nfour\r";
    for (let i = 0; i <= text.length; i++) {
      const cut = [text.slice(0, i), text.slice(i)];
      assertEquals(await lines(cut, { allowCR: true }), ["one", "", "two", "three", "four"], `cut at ${i}`);
    }
  });

  test("TextLineStream emits no line for empty text or after the last line end", async () => {
    assertEquals(await lines([]), []);
    assertEquals(await lines([""]), []);
    assertEquals(await lines(["one\n"]), ["one"]);
  });
});

describe("mergeReadableStreams()", () => {
  test("mergeReadableStreams() emits the values of all streams, and ends with the last stream", async () => {
    const merged = await all(mergeReadableStreams(streamOf(1, 2), streamOf<number>(), streamOf(3)));
    assertEquals(merged.sort(), [1, 2, 3]);
  });

  test("mergeReadableStreams() fails with the error of any stream", async () => {
    const failing = new ReadableStream<number>({ start: (controller) => controller.error(new RangeError("enough")) });
    await assertRejects(() => all(mergeReadableStreams(streamOf(1), failing)), RangeError, "enough");
  });

  test("cancelling a merged stream cancels all streams with the reason", async () => {
    const reasons: unknown[] = [];
    const open = () => new ReadableStream<number>({ cancel: (reason) => void reasons.push(reason) });
    await mergeReadableStreams(open(), open()).cancel("enough");
    assertEquals(reasons, ["enough", "enough"]);
  });
});
