// A server that speaks SFTP as a script of a test says, in the process of the test.

import { SftpFiles } from "../../../src/pools/files_sftp.ts";
import { Fields, Packet, packet, PacketReader, Status } from "../../../src/pools/sftp/packets.ts";
import type { Duplex } from "../../../src/pools/sftp/process.ts";
import { startConnection } from "../../../src/pools/sftp/start.ts";

/** Returns the reply to a request, or `null` if the server does not answer. */
export type Script = (type: number, id: number) => Uint8Array | null;

/** A server, and what it was asked. */
export interface ScriptedServer {
  readonly duplex: Duplex;
  /** The types of the requests. */
  readonly asked: number[];
  /** Resolves when the server got a request of a type. */
  requested(type: number): Promise<void>;
  readonly isClosed: boolean;
}

/** The beginning of every script that shakes hands. */
export const version: Uint8Array = packet({ byte: Packet.VERSION }, 3);
/** The attributes of a regular file of one mebibyte. */
const regular = [5, 1_048_576n, 0o100600] as const;

/** Answers as a server with one directory and one file would. `others` replaces answers. */
export function usual(others: Readonly<Record<number, (id: number) => Uint8Array | null>> = {}): Script {
  const answers: Readonly<Record<number, (id: number) => Uint8Array | null>> = {
    [Packet.INIT]: () => version,
    [Packet.OPEN]: (id) => packet({ byte: Packet.HANDLE }, id, "handle"),
    [Packet.OPENDIR]: (id) => packet({ byte: Packet.HANDLE }, id, "handle"),
    [Packet.LSTAT]: (id) => packet({ byte: Packet.ATTRS }, id, ...regular),
    [Packet.READ]: (id) => packet({ byte: Packet.DATA }, id, new Uint8Array(100)),
    [Packet.READDIR]: (id) => packet({ byte: Packet.STATUS }, id, Status.EOF, "", ""),
    ...others,
  };
  return (type, id) => (answers[type] ?? ((one) => packet({ byte: Packet.STATUS }, one, Status.OK, "", "")))(id);
}

/** Starts a server. */
export function scriptedServer(script: Script): ScriptedServer {
  const reader = new PacketReader();
  const asked: number[] = [];
  const awaited = new Map<number, () => void>();
  let queue: Uint8Array[] = [];
  let wake = (): void => {};
  let isClosed = false;
  async function* received(): AsyncGenerator<Uint8Array, void> {
    while (!isClosed) {
      const ready = queue;
      queue = [];
      yield* ready;
      if (queue.length === 0 && !isClosed) await new Promise<void>((resolve) => wake = resolve);
    }
  }
  const duplex: Duplex = {
    received: received(),
    send: (bytes) => {
      for (const one of reader.add(bytes)) {
        const fields = new Fields(one);
        const [type, id] = [fields.byte(), fields.number()];
        asked.push(type);
        awaited.get(type)?.();
        const reply = script(type, id);
        if (reply !== null) queue.push(reply);
      }
      wake();
      return Promise.resolve();
    },
    lastMessages: () => Promise.resolve(""),
    close: () => {
      isClosed = true;
      wake();
      return Promise.resolve();
    },
  };
  return {
    duplex,
    asked,
    requested: (type) =>
      asked.includes(type) ? Promise.resolve() : new Promise((resolve) => void awaited.set(type, resolve)),
    get isClosed() {
      return isClosed;
    },
  };
}

/** Opens the files of a server. `silence` is in milliseconds. */
export async function filesOf({ duplex }: ScriptedServer, silence = 60_000): Promise<SftpFiles> {
  const connection = await startConnection(duplex, "other", { start: 60_000, silence });
  return new SftpFiles("ssh://other/pool", "other", "/pool", () => Promise.resolve(connection));
}
