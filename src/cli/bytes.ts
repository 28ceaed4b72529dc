// Byte strings, as the arguments and the output of the command are: those of the format of dumps.

export { bytesOf, byteString, textOf, utf8Of } from "../checkpoints/bytes.ts";
