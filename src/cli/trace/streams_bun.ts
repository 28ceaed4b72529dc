// Streams on Bun, by node:net, with the true reasons of the errors.

import { refusalOf } from "../../transport/refusal_bun.ts";
import type { ByteStream } from "./byte_stream.ts";
import { connect as connectSocket } from "./streams_node.ts";

export { bind } from "./streams_node.ts";

/** Connects to the socket at a path. Rejects with the system's error. */
export async function connect(path: string): Promise<ByteStream> {
  try {
    return await connectSocket(path);
  } catch (error) {
    throw refusalOf(path, error);
  }
}
