// A request that announces too much, in a header that arrives in pieces.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Requests } from "../../../src/daemon/lines/requests.ts";
import { FrameError } from "../../../src/wire/decoder.ts";
import { encodeHeader, HEADER_SIZE } from "../../../src/wire/header.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { pieces } from "../../support/bytes.ts";

describe("requests whose header arrives in pieces", () => {
  test("more than 4096 announced bytes throw a FrameError as soon as the header is complete", () => {
    for (const type of [Operation.WRITE, Operation.DIRECTORY]) {
      const header = new Uint8Array(HEADER_SIZE);
      encodeHeader(header, 0, type, 1, 0, 4097);
      for (let cut = 1; cut < HEADER_SIZE; cut++) {
        const requests = new Requests();
        const [first = header, second = header] = pieces(header, cut);
        requests.put(first);
        assertEquals(requests.isReady(), false);
        requests.keep();
        requests.put(second);
        assertThrows(() => requests.isReady(), FrameError, "announces 4097 bytes");
      }
    }
  });
});
