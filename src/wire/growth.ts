// Grows a buffer that bytes are appended to.

/**
 * Returns a buffer with room for `needed` bytes: the same one if it has that room, else a copy of its first `used`
 * bytes in one at least twice as long.
 */
export function withRoom(bytes: Uint8Array<ArrayBuffer>, used: number, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= bytes.length) return bytes;
  const grown = new Uint8Array(Math.max(needed, bytes.length * 2));
  grown.set(bytes.subarray(0, used));
  return grown;
}
