// Values as text: what the tools print for bytes, and the bytes of what a user types.

const LAST_OCTAL = 0o10;
/** The bytes that isspace() of C accepts. */
const SPACES = " \t\n\v\f\r";
const named = new Map([["\t", "\\t"], ["\n", "\\n"], ["\r", "\\r"], ["\\", "\\\\"]]);
const typed: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13 };
const unsafe = /[^ -[\]-~]/g;

/** Escapes a byte string, so that only printable ASCII remains. */
export function escapeText(text: string): string {
  return text.replace(unsafe, escapeCharacter);
}

/** Escapes the text of a daemon, whose lines and tabs stay as they are. */
export function escapeLines(text: string): string {
  return text.replace(/[^\t\n -~]/g, escapeCharacter);
}

/** Escapes the bytes of a value. */
export function escapeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += byte >= 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : escapeCharacter(String.fromCharCode(byte));
  }
  return text;
}

function escapeCharacter(character: string): string {
  const short = named.get(character);
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code < LAST_OCTAL ? `\\${code.toString(8).padStart(3, "0")}` : `\\x${code.toString(16).padStart(2, "0")}`;
}

/**
 * Returns the bytes of a value as a user types it: `\t`, `\n`, `\r`, `\xHH` and up to three octal digits have the
 * meaning of C. Any other character after a backslash stands for itself, and so does a backslash at the end.
 */
export function unescapeText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.charAt(at) !== "\\" || at + 1 === text.length) {
      bytes[length++] = text.charCodeAt(at);
      continue;
    }
    const letter = text.charAt(++at);
    const octal = /^[0-7]{1,3}/.exec(text.slice(at, at + 3))?.[0];
    if (octal !== undefined) {
      bytes[length++] = parseInt(octal, 8);
      at += octal.length - 1;
      continue;
    }
    const scanned = letter === "x" ? scanHex(text, at + 1) : null;
    bytes[length++] = scanned?.value ?? typed[letter] ?? text.charCodeAt(at);
    at = scanned === null ? at : scanned.end - 1;
  }
  return bytes.subarray(0, length);
}

/**
 * Scans a number as `sscanf("%2x")` does: after spaces, in at most two characters, with a sign or a prefix `0x`.
 * Returns `null` if there is no number.
 */
function scanHex(text: string, from: number): { readonly value: number; readonly end: number } | null {
  let at = from;
  while (at < text.length && SPACES.includes(text.charAt(at))) at++;
  const [scanned = "", sign = "", digits = ""] = /^([+-]?)(0x|[0-9a-f]*)/i.exec(text.slice(at, at + 2)) ?? [];
  if (digits === "") return null;
  const value = digits.toLowerCase() === "0x" ? 0 : parseInt(digits, 16);
  return { value: sign === "-" ? -value : value, end: at + scanned.length };
}
