// The headers of QCOW2 images: what is read, and what is refused.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { DATA_FILE, FEATURE_NAMES, FORMAT, image, type Shape } from "../images.ts";
import { headerFault, ImageError, parseHeader, type Qcow2Header } from "../../../src/pools/qcow2/header.ts";

const plain: Qcow2Header = {
  version: 3,
  virtualSize: 1n << 30n,
  clusterSize: 65536,
  backingFile: null,
  backingFormat: null,
  dataFile: null,
  isEncrypted: false,
  incompatibleFeatures: 0n,
};

describe("the header of an image", () => {
  test("is read in both versions", () => {
    assertEquals(parseHeader(image(), "a"), plain);
    assertEquals(parseHeader(image({ version: 2 }), "a"), { ...plain, version: 2 });
  });

  test("names the image below and its format, after extensions that are unknown", () => {
    const bytes = image({ backing: "base.qcow2", extensions: [[FEATURE_NAMES, "x".repeat(47)], [FORMAT, "qcow2"]] });
    assertEquals(parseHeader(bytes, "a"), { ...plain, backingFile: "base.qcow2", backingFormat: "qcow2" });
    assertEquals(headerFault(parseHeader(bytes, "a")), null);
  });

  test("is read from an image that is shorter than its cluster", () => {
    assertEquals(parseHeader(image().subarray(0, 200), "a"), plain);
  });

  test("of every cluster size is read", () => {
    for (let clusterBits = 9; clusterBits <= 21; clusterBits++) {
      assertEquals(parseHeader(image({ clusterBits }), "a").clusterSize, 2 ** clusterBits);
    }
  });

  test("that is cut at any byte is refused or read whole, and never fails otherwise", () => {
    const whole = image({ backing: "base.qcow2", extensions: [[FORMAT, "qcow2"]] });
    const end = 104 + 16 + 8 + "base.qcow2".length;
    for (let length = 0; length < end; length++) {
      assertThrows(() => parseHeader(whole.subarray(0, length), "a"), ImageError);
    }
    assertEquals(parseHeader(whole.subarray(0, end), "a").backingFile, "base.qcow2");
  });

  test("with any byte replaced is refused or read, and never fails otherwise", () => {
    const whole = image({ backing: "base.qcow2", extensions: [[FORMAT, "qcow2"]] }).subarray(0, 150);
    let refused = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
        const bytes = whole.slice();
        bytes[at] = byte;
        try {
          headerFault(parseHeader(bytes, "a"));
        } catch (error) {
          assertEquals(error instanceof ImageError, true);
          refused++;
        }
      }
    }
    assertEquals(refused > 50, true);
  });

  const invalid: Readonly<Record<string, [bytes: Uint8Array, fault: string]>> = {
    "of a raw image": [new Uint8Array(1000), "it is not a QCOW2 image"],
    "of version 1": [image({ version: 1 }), "its version is 1: expected 2 or 3"],
    "of version 4": [image({ version: 4 }), "its version is 4: expected 2 or 3"],
    "with tiny clusters": [image({ clusterBits: 8 }), "its clusters have 2^8 bytes"],
    "with a name of the image below that is too long": [
      image({ backing: "x".repeat(1024) }),
      "the name of the image below has 1024 bytes",
    ],
  };
  for (const [name, [bytes, fault]] of Object.entries(invalid)) {
    test(`${name} is refused`, () => {
      const error = assertThrows(() => parseHeader(bytes, "/pool/a.qcow2"), ImageError);
      assertEquals(error.message, `the image "/pool/a.qcow2" is refused: ${fault}`);
      assertEquals(error.path, "/pool/a.qcow2");
    });
  }

  test("with a name of the image below outside of the first cluster is refused", () => {
    for (const offset of [8n, 103n, 65530n, 65536n, 1n << 40n, (1n << 64n) - 1n]) {
      const bytes = image({ backing: "base.qcow2" });
      new DataView(bytes.buffer).setBigUint64(8, offset);
      assertThrows(() => parseHeader(bytes, "a"), ImageError, "outside of the first cluster");
    }
  });

  test("with an extension that is cut is refused", () => {
    const bytes = image();
    const view = new DataView(bytes.buffer);
    view.setUint32(104, FORMAT);
    view.setUint32(108, 0xffffffff);
    assertThrows(() => parseHeader(bytes, "a"), ImageError, "an extension of its header is cut");
  });
});

describe("what would make a program read another file", () => {
  const format = [[FORMAT, "qcow2"]] as const;
  const faults: Readonly<Record<string, [shape: Shape, fault: string]>> = {
    "an external data file": [
      { features: 4n, extensions: [[DATA_FILE, "/etc/shadow"]] },
      'its data is in another file: "/etc/shadow"',
    ],
    "an external data file by its feature alone": [{ features: 4n }, "its data is in another file"],
    "an external data file by its name alone": [
      { extensions: [[DATA_FILE, "x"]] },
      'its data is in another file: "x"',
    ],
    "an absolute name": [
      { backing: "/etc/shadow", extensions: format },
      'the image below is in another directory: "/etc/shadow"',
    ],
    "a name that leaves the directory": [
      { backing: "../other/base.qcow2", extensions: format },
      'the image below is in another directory: "../other/base.qcow2"',
    ],
    "a description in JSON": [
      { backing: 'json:{"driver":"raw"}', extensions: format },
      'the image below is described by JSON: "json:{\\"driver\\":\\"raw\\"}"',
    ],
    "a protocol": [
      { backing: "nbd:localhost:10809", extensions: format },
      'the image below is named by a protocol: "nbd:localhost:10809"',
    ],
    "a hidden file": [
      { backing: ".base.qcow2", extensions: format },
      'the image below has an invalid name: ".base.qcow2"',
    ],
    "a name with a NUL": [
      { backing: "base.qcow2\0x", extensions: format },
      'the image below has an invalid name: "base.qcow2\\u0000x"',
    ],
    "a raw image": [
      { backing: "base.qcow2", extensions: [[FORMAT, "raw"]] },
      'the format of the image below is "raw": expected "qcow2"',
    ],
    "a format that would be guessed": [
      { backing: "base.qcow2" },
      'the format of the image below is "": expected "qcow2"',
    ],
    "the last of two formats": [
      { backing: "base.qcow2", extensions: [[FORMAT, "qcow2"], [FORMAT, "raw"]] },
      'the format of the image below is "raw": expected "qcow2"',
    ],
    "an unknown feature": [{ features: 1n << 63n }, "it has unknown features: 0x8000000000000000"],
    "the mark of corruption": [{ features: 2n }, "it is marked as corrupt"],
    "an encryption": [{ encryption: 2 }, "it is encrypted"],
  };
  for (const [name, [shape, fault]] of Object.entries(faults)) {
    test(`${name} is refused`, () => assertEquals(headerFault(parseHeader(image(shape), "a")), fault));
  }

  test("the features of usual images are accepted", () => {
    for (const features of [0n, 1n, 8n, 16n, 25n]) {
      assertEquals(headerFault({ ...plain, incompatibleFeatures: features }), null);
    }
  });
});
