// The header of a QCOW2 image, and what in it makes a program read another file. Source: QEMU's qcow2.txt.

/** What the header of a QCOW2 image says. */
export interface Qcow2Header {
  /** The version of the format. */
  readonly version: 2 | 3;
  /** The size of the disk in bytes. */
  readonly virtualSize: bigint;
  /** The size of a cluster in bytes. */
  readonly clusterSize: number;
  /** The name of the image below, as it stands in the header; `null` if the header has none. */
  readonly backingFile: string | null;
  /** The format of the image below; `null` if the header does not tell. */
  readonly backingFormat: string | null;
  /** The name of a file with the data of the disk; `null` if the image has its own data. */
  readonly dataFile: string | null;
  /** Whether the disk is encrypted. */
  readonly isEncrypted: boolean;
  /** The features that a reader must know, bit by bit. */
  readonly incompatibleFeatures: bigint;
}

const MAGIC = 0x514649fb;
const V2_LENGTH = 72;
const V3_LENGTH = 104;
const BACKING_NAME_MAX = 1023;
const CLUSTER_BITS_MIN = 9;
const CLUSTER_BITS_MAX = 21;

const EXTENSION_END = 0;
const EXTENSION_BACKING_FORMAT = 0xe2792aca;
const EXTENSION_DATA_FILE = 0x44415441;
const EXTENSION_HEAD = 8;

const DIRTY = 1n << 0n;
const CORRUPT = 1n << 1n;
const EXTERNAL_DATA = 1n << 2n;
const COMPRESSION_TYPE = 1n << 3n;
const EXTENDED_L2 = 1n << 4n;
const KNOWN = DIRTY | CORRUPT | EXTERNAL_DATA | COMPRESSION_TYPE | EXTENDED_L2;

/** The first bytes of an image, among which is its header, whatever the size of its clusters. */
export const HEADER_BYTES: number = 2 ** CLUSTER_BITS_MAX;

/** An image is not what a pool may hold. */
export class ImageError extends Error {
  /** `"ImageError"`. */
  override name = "ImageError";
  /** The path of the image. */
  readonly path: string;

  /**
   * Makes the error.
   *
   * @param path The path of the image.
   * @param fault What was wrong.
   * @param options The cause.
   */
  constructor(path: string, fault: string, options: ErrorOptions = {}) {
    super(`the image ${JSON.stringify(path)} is refused: ${fault}`, options);
    this.path = path;
  }
}

/**
 * Parses the header of an image from its first bytes, which are the whole first cluster unless the image is shorter.
 *
 * Throws an {@linkcode ImageError} if the bytes are no such header. Nothing in the header is followed.
 */
export function parseHeader(bytes: Uint8Array, path: string): Qcow2Header {
  const refuse = (fault: string): never => {
    throw new ImageError(path, fault);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < V2_LENGTH || view.getUint32(0) !== MAGIC) refuse("it is not a QCOW2 image");
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) return refuse(`its version is ${version}: expected 2 or 3`);
  if (version === 3 && bytes.length < V3_LENGTH) refuse("its header is cut");
  const clusterBits = view.getUint32(20);
  if (clusterBits < CLUSTER_BITS_MIN || clusterBits > CLUSTER_BITS_MAX) {
    refuse(`its clusters have 2^${clusterBits} bytes`);
  }
  const clusterSize = 2 ** clusterBits;
  const cluster = bytes.subarray(0, clusterSize);
  const length = version === 2 ? V2_LENGTH : view.getUint32(100);
  if (length < (version === 2 ? V2_LENGTH : V3_LENGTH) || length % 8 !== 0 || length > cluster.length) {
    refuse(`its header has ${length} bytes`);
  }
  const backingOffset = view.getBigUint64(8);
  const backingLength = view.getUint32(16);
  const hasBacking = backingOffset !== 0n;
  if (hasBacking && (backingLength === 0 || backingLength > BACKING_NAME_MAX)) {
    refuse(`the name of the image below has ${backingLength} bytes`);
  }
  if (
    hasBacking && (backingOffset < BigInt(length) || backingOffset + BigInt(backingLength) > BigInt(cluster.length))
  ) {
    refuse("the name of the image below lies outside of the first cluster");
  }
  const extensions = extensionsOf(
    cluster.subarray(length, hasBacking ? Number(backingOffset) : cluster.length),
    refuse,
  );
  return {
    version,
    virtualSize: view.getBigUint64(24),
    clusterSize,
    backingFile: hasBacking ? text(cluster.subarray(Number(backingOffset)).subarray(0, backingLength)) : null,
    backingFormat: extensions.get(EXTENSION_BACKING_FORMAT) ?? null,
    dataFile: extensions.get(EXTENSION_DATA_FILE) ?? null,
    isEncrypted: view.getUint32(32) !== 0,
    incompatibleFeatures: version === 2 ? 0n : view.getBigUint64(72),
  };
}

/** Returns the texts of the extensions that name a format or a file. */
function extensionsOf(bytes: Uint8Array, refuse: (fault: string) => never): Map<number, string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<number, string>();
  for (let at = 0; at + EXTENSION_HEAD <= bytes.length;) {
    const type = view.getUint32(at);
    if (type === EXTENSION_END) break;
    const length = view.getUint32(at + 4);
    const start = at + EXTENSION_HEAD;
    if (start + length > bytes.length) refuse("an extension of its header is cut");
    const isText = type === EXTENSION_BACKING_FORMAT || type === EXTENSION_DATA_FILE;
    // QEMU takes the last of several.
    if (isText) found.set(type, text(bytes.subarray(start, start + length)));
    at = start + Math.ceil(length / 8) * 8;
  }
  return found;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** Returns why a pool must not hold an image with this header, or `null` if it may. */
export function headerFault(header: Qcow2Header): string | null {
  const { backingFile, backingFormat, dataFile, incompatibleFeatures, isEncrypted } = header;
  if (dataFile !== null) return `its data is in another file: ${JSON.stringify(dataFile)}`;
  if ((incompatibleFeatures & EXTERNAL_DATA) !== 0n) return "its data is in another file";
  if ((incompatibleFeatures & CORRUPT) !== 0n) return "it is marked as corrupt";
  const unknown = incompatibleFeatures & ~KNOWN;
  if (unknown !== 0n) return `it has unknown features: 0x${unknown.toString(16)}`;
  if (isEncrypted) return "it is encrypted";
  return backingFile === null ? null : backingFault(backingFile, backingFormat);
}

/** Returns why no image may name this one as the image below, or `null` if it may. */
export function backingFault(file: string, format: string | null): string | null {
  const name = JSON.stringify(file);
  if (file.startsWith("json:")) return `the image below is described by JSON: ${name}`;
  if (file.includes(":")) return `the image below is named by a protocol: ${name}`;
  if (file.includes("/")) return `the image below is in another directory: ${name}`;
  if (file.startsWith(".") || /[^ -~]/.test(file)) return `the image below has an invalid name: ${name}`;
  // Without a format, QEMU guesses it from what a guest may have written. A raw image is any file.
  if (format !== "qcow2") return `the format of the image below is ${JSON.stringify(format ?? "")}: expected "qcow2"`;
  return null;
}
