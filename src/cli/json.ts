// The JSON that the command prints: the shape of the format of dumps.

export { bytesFromJson, type JsonBytes, jsonLine, jsonOf } from "../checkpoints/json.ts";
