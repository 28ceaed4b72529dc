// Encoding and decoding of a small message, without a store. Argument: how many of each.

import { Decoder } from "../../src/wire/decoder.ts";
import { encodePacket, Encoder } from "../../src/wire/encoder.ts";
import { HEADER_SIZE } from "../../src/wire/header.ts";
import { Operation } from "../../src/wire/operations.ts";
import { argument, report } from "./measure.ts";

const PATH = "/local/domain/5/device/vif/0/state";
const TOGETHER = 16;

function nanoseconds(count: number, work: (count: number) => void): number {
  work(count / 4);
  const start = performance.now();
  work(count);
  return (performance.now() - start) * 1e6 / count;
}

const encoder = new Encoder();
let bytes = 0;
function encode(count: number): void {
  for (let id = 1; id <= count; id++) {
    encoder.message(Operation.READ, id, 0, [PATH]);
    bytes += encoder.take().length;
  }
}

let packets = 0;
const decoder = new Decoder(({ requestId, payload }) => packets += payload.length + (requestId > 0 ? 1 : 0));
const one = encodePacket(Operation.READ, 7, 0, [new TextEncoder().encode("4")]);
function decode(count: number): void {
  for (let i = 0; i < count; i++) decoder.push(one);
}

const [header, payload] = [one.slice(0, HEADER_SIZE), one.slice(HEADER_SIZE)];
function decodeSplit(count: number): void {
  for (let i = 0; i < count; i++) {
    decoder.push(header);
    decoder.push(payload);
  }
}

const chunk = new Uint8Array(one.length * TOGETHER);
for (let i = 0; i < TOGETHER; i++) chunk.set(one, i * one.length);
function decodeTogether(count: number): void {
  for (let i = 0; i < count; i += TOGETHER) decoder.push(chunk);
}

const count = Number(argument(0));
const result = {
  encode: nanoseconds(count, encode),
  decode: nanoseconds(count, decode),
  split: nanoseconds(count, decodeSplit),
  together: nanoseconds(count, decodeTogether),
};
if (bytes === 0 || packets === 0) throw new Error("nothing was encoded or decoded");
report(result);
