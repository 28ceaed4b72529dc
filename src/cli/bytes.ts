// Byte strings: the command shares them with the format of dumps.

export { bytesOf, byteString, textOf, utf8Of } from "../checkpoints/bytes.ts";
