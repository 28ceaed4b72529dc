// Prints the values of the nodes whose paths come on standard input, one a line.

import process from "node:process";
import { TextLineStream } from "@std/streams";
import { connect } from "tsxs";
import { quote, valueOf } from "../src/cli/tour/text.ts";

/** Standard input as text, read when the stream is. */
const chunks: AsyncIterator<string> = process.stdin.setEncoding("utf8")[Symbol.asyncIterator]();
const input = new ReadableStream<string>({
  async pull(controller) {
    const { done, value } = await chunks.next();
    if (done) controller.close();
    else controller.enqueue(value);
  },
});

await using store = await connect();
for await (const path of input.pipeThrough(new TextLineStream())) {
  const value = await store.read(path, { default: null });
  console.log(`${quote(path)} -> ${value === null ? "does not exist" : valueOf(value)}`);
}
