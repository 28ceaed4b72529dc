// pyxs's operations and packets.

import { PAYLOAD_MAX } from "../../src/wire/header.ts";
import { Operation } from "../../src/wire/operations.ts";
import { toBytes } from "../../src/wire/text.ts";
import { InvalidOperation, InvalidPayload } from "./exceptions.ts";

/**
 * The operations: pyxs's names, and those that the protocol has besides.
 *
 * @example
 * ```ts
 * import { Op } from "tsxs/pyxs";
 *
 * console.log(Op.READ, Op.DEBUG, Op.RESTRICT); // 2 0 128
 * ```
 */
export const Op: typeof Operation & { readonly DEBUG: 0; readonly RESTRICT: 128 } = {
  ...Operation,
  DEBUG: 0,
  RESTRICT: 128,
};

const known = new Set<number>(Object.values(Op));

/**
 * A message to or from the store. Throws {@linkcode InvalidPayload} where the payload has over 4096 bytes, and
 * {@linkcode InvalidOperation} where there is no such operation.
 *
 * @example
 * ```ts
 * import { Op, Packet } from "tsxs/pyxs";
 *
 * const packet = new Packet(Op.READ, "/tool\0", 1);
 * console.log(packet.size); // 6
 * ```
 */
export class Packet {
  /** The operation, one of {@linkcode Op}. */
  readonly op: number;
  /** The request's id, which its reply has as well. */
  readonly rq_id: number;
  /** The transaction, 0 for none. */
  readonly tx_id: number;
  /** Bytes of the payload. */
  readonly size: number;
  /** The payload. */
  readonly payload: Uint8Array;

  /** Makes the packet. Text is taken as UTF-8. */
  constructor(op: number, payload: string | Uint8Array, rq_id: number, tx_id = 0) {
    this.payload = toBytes(payload);
    if (this.payload.length > PAYLOAD_MAX) throw new InvalidPayload(payload);
    if (!known.has(op)) throw new InvalidOperation(op);
    this.op = op;
    this.rq_id = rq_id;
    this.tx_id = tx_id;
    this.size = this.payload.length;
  }
}
