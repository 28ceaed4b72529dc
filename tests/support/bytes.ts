// Bytes as the tests write them: text in which each "|" stands for a NUL.

/** The bytes of a text, each "|" of which is a NUL and each character below U+0100 one byte. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character === "|" ? 0 : character.charCodeAt(0));
}

/** What `bytes()` would make these of. */
export function shown(payload: Uint8Array): string {
  return Array.from(payload, (byte) => byte === 0 ? "|" : String.fromCharCode(byte)).join("");
}

/** The bytes of a row of hexadecimal numbers; blanks are for the reader. */
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

/** The bytes in pieces that end at each of the cuts. */
export function pieces(whole: Uint8Array, ...cuts: number[]): Uint8Array[] {
  const ends = [...cuts, whole.length];
  return ends.map((end, i) => whole.slice(i === 0 ? 0 : ends[i - 1], end));
}
