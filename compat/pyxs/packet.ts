// pyxs's operations and packets.

import { PAYLOAD_MAX } from "../../src/wire/header.ts";
import { Operation } from "../../src/wire/operations.ts";
import { toBytes } from "../../src/wire/text.ts";
import { InvalidOperation, InvalidPayload, shownBytes } from "./exceptions.ts";

/**
 * The operations, with the names of pyxs and of the current protocol.
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
 * A message to or from the store.
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
  /** The id of the request, which the reply repeats. */
  readonly rq_id: number;
  /** The transaction, 0 for none. */
  readonly tx_id: number;
  /** The number of bytes of the payload. */
  readonly size: number;
  /** The payload. */
  readonly payload: Uint8Array;

  /**
   * Makes the packet.
   *
   * @param op The operation.
   * @param payload The payload. Text is encoded as UTF-8.
   * @param rq_id The id of the request.
   * @param tx_id The transaction, 0 for none.
   * @throws {InvalidPayload} If the payload has more than 4096 bytes.
   * @throws {InvalidOperation} If the operation is unknown.
   */
  constructor(op: number, payload: string | Uint8Array, rq_id: number, tx_id = 0) {
    this.payload = toBytes(payload);
    if (this.payload.length > PAYLOAD_MAX) throw new InvalidPayload(payload);
    if (!known.has(op)) throw new InvalidOperation(op);
    this.op = op;
    this.rq_id = rq_id;
    this.tx_id = tx_id;
    this.size = this.payload.length;
  }

  /** `Packet(op=2, rq_id=1, tx_id=0, size=6, payload=b'/tool\x00')`, as Python shows it. */
  toString(): string {
    const { op, rq_id, tx_id, size, payload } = this;
    return `Packet(op=${op}, rq_id=${rq_id}, tx_id=${tx_id}, size=${size}, payload=${shownBytes(payload)})`;
  }
}
