// Makes text harmless for a terminal: names, values and messages may come from hostile guests.

/** Control characters of both ranges, marks that change the direction of text, line separators, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;
const SHORT: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** Returns a text with every unprintable character escaped, except those of `kept`. */
export function escaped(text: string, kept = ""): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (kept.includes(character)) return character;
    return SHORT[character] ?? coded(character.codePointAt(0) ?? 0);
  });
}

function coded(code: number): string {
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

const VALUE_LIMIT = 256;

/** Returns bytes as quoted text in ASCII, cut at 256 bytes. A byte outside of ASCII is escaped, as `\xe9`. */
export function quotedBytes(bytes: Uint8Array): string {
  let text = "";
  const end = Math.min(bytes.length, VALUE_LIMIT);
  for (let i = 0; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
  const rest = bytes.length - end;
  const ascii = quoted(text).replace(/[\x80-\xff]/g, (character) => coded(character.charCodeAt(0)));
  return `${ascii}${rest > 0 ? `... (${rest} bytes more)` : ""}`;
}

/** Returns a text in double quotes, with quotes, backslashes and unprintable characters escaped. */
export function quoted(text: string): string {
  return `"${escaped(text.replace(/["\\]/g, "\\$&"))}"`;
}
