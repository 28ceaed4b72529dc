// A connection of pyxs without a store: a function of the test answers every request.

import { PacketConnection } from "../../../compat/pyxs/connection.ts";
import { Client, Op, Packet, Router } from "../../../compat/pyxs.ts";

/** What a request asks: the operation, and the strings of its payload. */
export interface Asked {
  readonly op: number;
  readonly strings: readonly string[];
  readonly tx_id: number;
}

/** Returns the payload of the reply, or the name of an error with a leading `!`. */
export type Answers = (asked: Asked) => string;

class ScriptedConnection extends PacketConnection {
  readonly #answers: Answers;

  constructor(answers: Answers) {
    super("unix:/scripted");
    this.#answers = answers;
  }

  override get is_connected(): boolean {
    return true;
  }

  override connect(): void {}

  override ask({ op, rq_id, tx_id, payload }: Packet): Packet {
    const answer = this.#answers({ op, strings: new TextDecoder().decode(payload).split("\0"), tx_id });
    return answer.startsWith("!")
      ? new Packet(Op.ERROR, `${answer.slice(1)}\0`, rq_id, tx_id)
      : new Packet(op, answer, rq_id, tx_id);
  }
}

/** A client whose requests the function answers. */
export function scriptedClient(answers: Answers): Client {
  return new Client({ router: new Router(new ScriptedConnection(answers)) });
}
