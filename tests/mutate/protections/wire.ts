// The protections of the protocol: messages, paths and texts.

import type { Protection } from "../protection.ts";

/** The protections of the protocol: messages, paths and texts. */
export const wire: readonly Protection[] = [
  {
    name: "the longest message",
    file: "src/wire/decoder.ts",
    remove: "if (!isFrame(header, directoryMax)) throw new FrameError(header);",
    testFile: "tests/wire/decoder.test.ts",
    test: "refuses a message of 4097 bytes as soon as its header is there, after the messages before",
  },
  {
    name: "the longest listing",
    file: "src/wire/decoder.ts",
    remove: "type === Operation.DIRECTORY && length <= directoryMax",
    instead: "type === Operation.DIRECTORY",
    testFile: "tests/wire/decoder.test.ts",
    test: "refuses a directory of one byte more",
  },
  {
    name: "only a listing is long",
    file: "src/wire/decoder.ts",
    remove: "type === Operation.DIRECTORY && length <= directoryMax",
    instead: "length <= directoryMax",
    testFile: "tests/wire/decoder.test.ts",
    test: "refuses a message of 4097 bytes as soon as its header is there, after the messages before",
  },
  {
    name: "a message with an invalid part is dropped",
    file: "src/wire/encoder.ts",
    remove: "this.#length = start;\n      throw error;",
    instead: "throw error;",
    testFile: "tests/wire/encoder.test.ts",
    test: "keeps nothing of a message with an invalid part",
  },
  {
    name: "the characters of a path",
    file: "src/wire/path.ts",
    remove: "if (!legal.test(path)) return",
    instead: "if (false) return",
    testFile: "tests/wire/path.test.ts",
    test: "refuses every other character of Latin-1, in every place of a path",
  },
  {
    name: "a path is not a special event",
    file: "src/wire/path.ts",
    remove: 'if (!special) return "it names a special event, which is not a node";',
    testFile: "tests/wire/path.test.ts",
    test: "accepts @releaseDomain only if special paths are allowed",
  },
  {
    name: "the length of a path",
    file: "src/wire/path.ts",
    remove: "path.length > limit ?",
    instead: "false ?",
    testFile: "tests/wire/path.test.ts",
    test: "refuses an absolute path of more than 3072 bytes",
  },
  {
    name: "the number of a domain",
    file: "src/wire/permissions.ts",
    remove: 'wholeFault("domid", domid, 0, DOMID_MAX) === null',
    instead: "true",
    testFile: "tests/wire/permissions.test.ts",
    test: "a domid is a whole number from 0 to 65535",
  },
  {
    name: "bytes that are no text",
    file: "src/wire/text.ts",
    remove: "fatal: true, ",
    testFile: "tests/wire/text.test.ts",
    test: "starts afresh after bytes that were no text",
  },
  {
    name: "a text that names no error",
    file: "src/wire/errors.ts",
    remove: "if (!NAME.test(code)) {",
    instead: "if (false) {",
    testFile: "tests/wire/errno_error.test.ts",
    test: "makes an EINVAL error of a text that is no name of an error, and quotes the text",
  },
];
