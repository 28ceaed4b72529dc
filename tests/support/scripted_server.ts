// A store in another thread, for clients that block this one. The path of a request selects its answer.

import { Worker } from "node:worker_threads";

/** The program of the thread, in JavaScript for every runtime. Paths are its commands. */
const program = `
import process from "node:process";
import { Buffer } from "node:buffer";
import { createServer } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
const packet = (type, id, payload) => {
  const bytes = Buffer.alloc(16 + payload.length);
  [type, id, 0, payload.length].forEach((word, i) => bytes.writeUInt32LE(word >>> 0, i * 4));
  Buffer.from(payload).copy(bytes, 16);
  return bytes;
};
const all = Buffer.from(Array.from({ length: 4096 }, (_, i) => i & 255));
const wait = () => new Promise((resolve) => setImmediate(resolve));
async function answer(socket, type, id, payload) {
  const path = payload.toString("latin1").split("\\0")[0];
  const event = packet(15, 0, "/event\\0token\\0");
  if (path === "/bytes") {
    for (const byte of packet(type, id, all)) {
      socket.write(Buffer.from([byte]));
      if (byte % 16 === 0) await wait();
    }
  } else if (path === "/all") socket.write(packet(type, id, all));
  else if (path === "/empty") socket.write(packet(type, id, ""));
  else if (path === "/events") {
    socket.write(Buffer.concat([event, packet(type, id, "value"), event, event.subarray(0, 20)]));
    await wait();
    socket.write(event.subarray(20));
  } else if (path === "/events1") {
    const other = packet(15, 0, "/event\\0" + "1\\0");
    socket.write(Buffer.concat([other, packet(type, id, "OK\\0"), other, other]));
  } else if (path === "/watch") {
    socket.write(packet(type, id, "OK\\0"));
    for (let i = 0; i < 20; i++) await wait();
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.write(packet(15, 0, "/event\\0" + "1\\0"));
  } else if (path === "/huge") socket.write(packet(type, id, Buffer.alloc(300000, "name\\0")));
  else if (path === "/half") socket.end(packet(type, id, "value").subarray(0, 18));
  else if (path === "/close") socket.end();
  else if (path === "/reset") socket.destroy();
  else if (path === "/other") socket.write(packet(type, id + 1, "value"));
  else if (path === "/type") socket.write(packet(type + 1, id, "value"));
  else if (path === "/long") socket.write(packet(type, id, Buffer.alloc(5000)));
  else if (path === "/noid") socket.write(packet(type, 0, "OK\\0"));
  else if (path === "/signals") {
    for (let i = 0; i < 8; i++) {
      process.kill(process.pid, "SIGWINCH");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    socket.write(packet(type, id, "value"));
  } else socket.write(packet(type, id, "OK\\0"));
}
createServer((socket) => {
  let have = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", async (bytes) => {
    have = Buffer.concat([have, bytes]);
    while (have.length >= 16 && have.length >= 16 + have.readUInt32LE(12)) {
      const end = 16 + have.readUInt32LE(12);
      const [type, id, payload] = [have.readUInt32LE(0), have.readUInt32LE(4), have.subarray(16, end)];
      have = have.subarray(end);
      await answer(socket, type, id, payload);
    }
  });
}).listen(workerData, () => parentPort.postMessage("ready"));
`;

/** Starts a store in a thread, which listens at `path`. */
export async function startScriptedServer(path: string): Promise<AsyncDisposable> {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
    workerData: path,
    execArgv: [],
  });
  await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  return { [Symbol.asyncDispose]: async () => void await worker.terminate() };
}
