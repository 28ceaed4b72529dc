// Bytes in the notation of the tests: text in which "|" stands for a NUL.

/** The bytes of a text. Each "|" is a NUL, and each other character below U+0100 is one byte. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character === "|" ? 0 : character.charCodeAt(0));
}

/** The text for which `bytes()` returns these bytes. */
export function shown(payload: Uint8Array): string {
  return Array.from(payload, (byte) => byte === 0 ? "|" : String.fromCharCode(byte)).join("");
}

/** The bytes of a series of hexadecimal numbers. Blanks are ignored. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/[0-9a-f]{2}/g) ?? [], (byte) => parseInt(byte, 16));
}

/** Joins chunks of bytes. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Divides the bytes at each of the cuts. */
export function pieces(whole: Uint8Array, ...cuts: number[]): Uint8Array[] {
  const ends = [...cuts, whole.length];
  return ends.map((end, i) => whole.slice(i === 0 ? 0 : ends[i - 1], end));
}
