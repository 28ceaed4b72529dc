// The digest of a file: its size, the SHA-256 of its content, and those of its beginnings, by which a transfer resumes.

import { createHash, type Hash } from "node:crypto";

/** The bytes between two beginnings of a file whose hashes are known. */
export const STRIDE: number = 16 * 2 ** 20;

/** The digest of a file. */
export interface FileDigest {
  /** The size in bytes. */
  readonly size: number;
  /** The SHA-256 of the content, in hexadecimal. */
  readonly sha256: string;
  /** The SHA-256 of the first 16 MiB, of the first 32 MiB, and so on, without the whole. */
  readonly beginnings: readonly string[];
}

/** Makes a digest piece by piece. */
export class Digester {
  readonly #hash: Hash = createHash("sha256");
  readonly #beginnings: string[] = [];
  readonly #stride: number;
  #size = 0;

  /** `stride` replaces {@linkcode STRIDE} in tests. */
  constructor(stride: number = STRIDE) {
    this.#stride = stride;
  }

  /** The number of bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** The hashes of the beginnings so far. */
  get beginnings(): readonly string[] {
    return this.#beginnings;
  }

  /** Adds bytes. */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      // A file that ends at a stride has no beginning there: that is the whole.
      if (this.#size > 0 && this.#size % this.#stride === 0) this.#beginnings.push(this.#hash.copy().digest("hex"));
      const end = Math.min(bytes.length, at + this.#stride - this.#size % this.#stride);
      this.#hash.update(bytes.subarray(at, end));
      this.#size += end - at;
      at = end;
    }
  }

  /** Returns the hash of what was added so far. More may be added. */
  now(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Returns the digest of all that was added. */
  digest(): FileDigest {
    return { size: this.#size, sha256: this.now(), beginnings: [...this.#beginnings] };
  }
}

/** Returns the digest of a content. */
export async function digestOf(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  stride: number = STRIDE,
): Promise<FileDigest> {
  const digester = new Digester(stride);
  for await (const bytes of content) digester.add(bytes);
  return digester.digest();
}
