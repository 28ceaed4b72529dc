// The saved images of domains: files whose first bytes are those of xl's or of libvirt's format.

import type { DomainSource, SourceOptions } from "../sources.ts";
import { Files } from "./files.ts";
import { type CheckedReading, type ProblemOptions, Problems, UnusableError } from "./problems.ts";

const NAME = "saves";
const XL_MAGIC = "Xen saved domain, xl format\n \0 \r";
const LIBVIRT_MAGIC = "libvirt-xml\n \0 \r";
const LIBVIRT_ENDING = ".save";

/** The options of {@linkcode Saves}. */
export interface SavesOptions extends ProblemOptions {
  /**
   * The directory of the images of xl, each of the domain that its name tells: `XENDOMAINS_SAVE` of the host.
   *
   * @default "/var/lib/xen/save"
   */
  readonly directory?: string;
  /**
   * The directory of the images of libvirt, each with the name of its domain and `.save`.
   *
   * @default "/var/lib/libvirt/libxl/save"
   */
  readonly libvirtDirectory?: string;
}

/**
 * The saved images of domains, from which their next start resumes.
 *
 * A file counts if it begins as xl's or libvirt's format. Other files are problems of the reading. A file that is not
 * regular is not opened.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { DomainFlag, listDomains, Saves } from "tsxs/domains";
 *
 * await using store = await connect();
 * const sources = [new Saves({ directory: "/var/lib/xen/save" })];
 * console.log((await listDomains(store, { flags: DomainFlag.managedSave, sources })).length);
 * ```
 */
export class Saves implements DomainSource {
  /** `"saves"`. */
  readonly name: string = NAME;
  /** The images tell which domains have one. */
  readonly answers: readonly "managedSave"[] = ["managedSave"];
  readonly #directory: string;
  readonly #libvirtDirectory: string;
  readonly #options: ProblemOptions;
  readonly #files = new Files(NAME, XL_MAGIC.length, (bytes) => String.fromCharCode(...bytes), false);

  /**
   * Makes the source.
   *
   * @param options The directories.
   */
  constructor(options: SavesOptions = {}) {
    this.#directory = options.directory ?? "/var/lib/xen/save";
    this.#libvirtDirectory = options.libvirtDirectory ?? "/var/lib/libvirt/libxl/save";
    this.#options = options;
  }

  /**
   * Reads the first bytes of the images. A directory that does not exist has none.
   *
   * @param options The signal that ends the reading.
   * @returns The names of the saved domains with the paths of their images, and the problems.
   * @throws {XenStoreError} If a directory cannot be read: the code of the system.
   */
  read({ signal }: SourceOptions = {}): Promise<CheckedReading> {
    return this.#files.reading(() => this.#read(signal), signal);
  }

  async #read(signal: AbortSignal | undefined): Promise<CheckedReading> {
    const problems = new Problems(NAME, this.#options);
    const saved = new Map<string, string>();
    const add = async (directory: string, ending: string, magic: string): Promise<void> => {
      const entries = await this.#files.list(
        directory,
        signal,
        () => problems.add(directory, "it has too many entries"),
      );
      for (const { name, path } of entries.filter(({ name }) => name.endsWith(ending))) {
        signal?.throwIfAborted();
        try {
          const { made } = await this.#files.take(path);
          if (made.startsWith(magic)) saved.set(name.slice(0, name.length - ending.length), path);
          else problems.add(path, "it is not a saved domain");
        } catch (error) {
          if (!(error instanceof UnusableError)) throw error;
          problems.add(path, error.message);
        }
      }
    };
    await add(this.#directory, "", XL_MAGIC);
    await add(this.#libvirtDirectory, LIBVIRT_ENDING, LIBVIRT_MAGIC);
    return { saved, problems: problems.list };
  }
}

/**
 * Makes the source of saved images.
 *
 * @param options The directories.
 * @returns The source.
 *
 * @example
 * ```ts
 * import { saves } from "tsxs/domains";
 *
 * console.log(saves().answers); // ["managedSave"]
 * ```
 */
export function saves(options: SavesOptions = {}): Saves {
  return new Saves(options);
}
