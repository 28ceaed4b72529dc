// The checksum, compared with published values.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { crc32c } from "../../../src/daemon/persistence/checksum.ts";
import { toBytes } from "../../../src/daemon/tree/latin1.ts";

describe("crc32c()", () => {
  test("crc32c() returns the values of RFC 3720, appendix B.4", () => {
    const bytes = (value: (i: number) => number) => Uint8Array.from({ length: 32 }, (_, i) => value(i));
    assertEquals(crc32c(toBytes("123456789")), 0xe3069283);
    assertEquals(crc32c(bytes(() => 0)), 0x8a9136aa);
    assertEquals(crc32c(bytes(() => 0xff)), 0x62a8ab43);
    assertEquals(crc32c(bytes((i) => i)), 0x46dd794e);
    assertEquals(crc32c(bytes((i) => 31 - i)), 0x113fdb5c);
  });

  test("crc32c() continues from the checksum of an earlier part", () => {
    const text = toBytes("123456789");
    for (let cut = 0; cut <= text.length; cut++) {
      assertEquals(crc32c(text, cut, text.length, crc32c(text, 0, cut)), 0xe3069283);
    }
  });
});
