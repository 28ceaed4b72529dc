// What may reach a terminal: escaped as differences between trees are.

export { escapeBytes, escapeLines, escapeText, unescapeText } from "../checkpoints/escape.ts";
