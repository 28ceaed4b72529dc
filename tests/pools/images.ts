// Images that tests make byte by byte.

/** What an image says in its header. */
export interface Shape {
  readonly version?: number;
  readonly clusterBits?: number;
  readonly backing?: string;
  readonly extensions?: readonly (readonly [type: number, text: string])[];
  readonly features?: bigint;
  readonly encryption?: number;
}

/** The types of extensions. */
export const FORMAT = 0xe2792aca;
export const DATA_FILE = 0x44415441;
export const FEATURE_NAMES = 0x6803f857;

/** Returns the first cluster of an image. */
export function image(
  { version = 3, clusterBits = 16, backing, extensions = [], features = 0n, encryption = 0 }: Shape = {},
): Uint8Array {
  const bytes = new Uint8Array(2 ** clusterBits);
  const view = new DataView(bytes.buffer);
  const put = (at: number, content: string): void => bytes.set(new TextEncoder().encode(content), at);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, version);
  view.setUint32(20, clusterBits);
  view.setBigUint64(24, 1n << 30n);
  view.setUint32(32, encryption);
  let at = 72;
  if (version === 3) {
    view.setBigUint64(72, features);
    view.setUint32(100, 104);
    at = 104;
  }
  for (const [type, content] of extensions) {
    view.setUint32(at, type);
    view.setUint32(at + 4, content.length);
    put(at + 8, content);
    at += 8 + Math.ceil(content.length / 8) * 8;
  }
  at += 8;
  if (backing !== undefined) {
    view.setBigUint64(8, BigInt(at));
    view.setUint32(16, backing.length);
    put(at, backing);
  }
  return bytes;
}
