// The listing of a large directory without an event loop: in parts, which all have to be of one generation.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { listDirectory } from "../../src/blocking/directory.ts";
import type { Answer } from "../../src/blocking/exchange.ts";
import { Operation } from "../../src/wire/operations.ts";
import { bytes } from "../support/bytes.ts";

/** Lists from a store that gives these answers to DIRECTORY_PART, the last one forever; counts the parts. */
function list(...answers: readonly (string | { readonly code: string })[]): [names: string[] | string, parts: number] {
  let parts = 0;
  const names = listDirectory((operation): Answer => {
    if (operation === Operation.DIRECTORY) return "E2BIG";
    const answer = answers[Math.min(parts++, answers.length - 1)] ?? "";
    return typeof answer === "string" ? bytes(answer) : answer.code;
  }, "/a");
  return [names, parts];
}

describe("listDirectory() without an event loop", () => {
  test("joins the parts of one generation", () => {
    assertEquals(list("1|a|b|", "1|c||"), [["a", "b", "c"], 2]);
    assertEquals(list("1||"), [[], 1]);
  });

  test("starts again if the directory changed between two parts", () => {
    assertEquals(list("1|a|b|", "2|c||", "2|x|y|", "2|z||"), [["x", "y", "z"], 4]);
  });

  test("returns EAGAIN if the directory changed during each of 64 attempts", () => {
    let generation = 0;
    const names = listDirectory((operation) => {
      return operation === Operation.DIRECTORY ? "E2BIG" : bytes(`${++generation}|a|`);
    }, "/a");
    assertEquals([names, generation], ["EAGAIN", 128]);
  });

  test("returns EINVAL if a part has no names, and is not the last one", () => {
    assertEquals(list("1|"), ["EINVAL", 1]);
  });

  test("returns E2BIG if the store does not have DIRECTORY_PART, and any other error as it is", () => {
    assertEquals(list({ code: "ENOSYS" }), ["E2BIG", 1]);
    assertEquals(list("1|a|", { code: "EACCES" }), ["EACCES", 2]);
  });
});
