// Requests for the tests of the router.

import { bytesReply } from "../../src/client/replies.ts";
import type { Request } from "../../src/client/request.ts";
import type { Router } from "../../src/client/router.ts";
import type { Part } from "../../src/wire/encoder.ts";
import { Operation } from "../../src/wire/operations.ts";
import { shown } from "./bytes.ts";

/** Reads a path. Resolves with the value in the notation of `shown()`. */
export async function read(router: Router, path: string, options: Partial<Request<Uint8Array>> = {}): Promise<string> {
  const request = { operation: Operation.READ, transactionId: 0, path, parts: [path], parse: bytesReply, ...options };
  return shown(await router.request(request));
}

/** Sends any operation. Resolves with the payload in the notation of `shown()`. */
export async function ask(router: Router, operation: Operation, ...parts: Part[]): Promise<string> {
  return shown(await router.request({ operation, transactionId: 0, parts, parse: bytesReply }));
}
