// The definitions of libvirt's driver for Xen: documents of XML, and links to those that start with the host.

import type { DomainDefinition, DomainSource, DomainType, SourceOptions } from "../sources.ts";
import { type Entry, Files } from "./files.ts";
import { type CheckedReading, type ProblemOptions, Problems, UnusableError } from "./problems.ts";
import { uuidOf } from "./uuid.ts";
import { type Element, elementAt, parseXml } from "./xml.ts";

const NAME = "libvirtConfigs";
const FILE_MAX = 1024 * 1024;
const BYTES_PER_KIB = 1024;

/** The options of {@linkcode LibvirtConfigs}. */
export interface LibvirtConfigsOptions extends ProblemOptions {
  /**
   * The directory of the definitions. Its files whose names end in `.xml` count.
   *
   * @default "/etc/libvirt/libxl"
   */
  readonly directory?: string;
  /**
   * The directory of the links to the definitions that libvirt starts when the host boots.
   *
   * @default "autostart" in `directory`
   */
  readonly autostartDirectory?: string;
}

/** What a definition says of its domain. */
type Contents = Omit<DomainDefinition, "autostart" | "evidence">;

/** The types of domains, by the element `type` of `os`. */
const types: Readonly<Record<string, DomainType>> = { hvm: "hvm", xen: "pv", linux: "pv", xenpvh: "pvh" };

/** The bytes in the units of memory. */
const units: ReadonlyMap<string, number> = new Map([
  ["b", 1],
  ["bytes", 1],
  ...["k", "m", "g", "t", "p", "e"].flatMap((letter, i): [string, number][] => [
    [`${letter}b`, 1000 ** (i + 1)],
    [letter, 1024 ** (i + 1)],
    [`${letter}ib`, 1024 ** (i + 1)],
  ]),
]);

/**
 * The definitions of libvirt's driver for Xen: the files `*.xml` of a directory.
 *
 * Files of more than 1 MiB, files that are not regular, and documents that are not of a domain are problems of the
 * reading. A document type is refused, so that no entity is expanded.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { DomainFlag, LibvirtConfigs, listDomains } from "tsxs/domains";
 *
 * await using store = await connect();
 * const sources = [new LibvirtConfigs()];
 * for (const { title } of await listDomains(store, { flags: DomainFlag.autostart, sources })) console.log(title);
 * ```
 */
export class LibvirtConfigs implements DomainSource {
  /** `"libvirtConfigs"`. */
  readonly name: string = NAME;
  /** The definitions tell which domains are persistent, and which the host starts. */
  readonly answers: readonly ("persistence" | "autostart")[] = ["persistence", "autostart"];
  readonly #directory: string;
  readonly #autostartDirectory: string;
  readonly #options: ProblemOptions;
  readonly #files = new Files(NAME, FILE_MAX, contentsOf);

  /**
   * Makes the source.
   *
   * @param options The directories.
   */
  constructor(options: LibvirtConfigsOptions = {}) {
    this.#directory = options.directory ?? "/etc/libvirt/libxl";
    this.#autostartDirectory = options.autostartDirectory ?? `${this.#directory}/autostart`;
    this.#options = options;
  }

  /**
   * Reads the definitions. A directory that does not exist has none.
   *
   * @param options The signal that ends the reading.
   * @returns The definitions, and the problems.
   * @throws {XenStoreError} If a directory cannot be read: the code of the system.
   */
  read({ signal }: SourceOptions = {}): Promise<CheckedReading> {
    return this.#files.reading(() => this.#read(signal), signal);
  }

  async #read(signal: AbortSignal | undefined): Promise<CheckedReading> {
    const problems = new Problems(NAME, this.#options);
    const list = async (directory: string): Promise<Entry[]> => {
      const entries = await this.#files.list(
        directory,
        signal,
        () => problems.add(directory, "it has too many entries"),
      );
      return entries.filter(({ name }) => name.endsWith(".xml"));
    };
    const links = new Map((await list(this.#autostartDirectory)).map(({ name, path }) => [name, path]));
    const definitions: DomainDefinition[] = [];
    for (const { name, path } of await list(this.#directory)) {
      signal?.throwIfAborted();
      try {
        const { file, made } = await this.#files.take(path);
        const link = links.get(name);
        // As libvirt, which looks for a link of the same name that leads to this file.
        const autostart = link !== undefined && await this.#leadsTo(link, file, problems);
        definitions.push({ ...made, autostart, evidence: path });
      } catch (error) {
        if (!(error instanceof UnusableError)) throw error;
        problems.add(path, error.message);
      }
    }
    return { definitions, problems: problems.list };
  }

  async #leadsTo(link: string, file: string, problems: Problems): Promise<boolean> {
    try {
      if (await this.#files.identify(link) === file) return true;
      problems.add(link, "it leads to another file");
    } catch (error) {
      if (!(error instanceof UnusableError)) throw error;
      problems.add(link, error.message);
    }
    return false;
  }
}

/**
 * Makes the source of the definitions of libvirt.
 *
 * @param options The directories.
 * @returns The source.
 *
 * @example
 * ```ts
 * import { libvirtConfigs } from "tsxs/domains";
 *
 * console.log(libvirtConfigs().answers); // ["persistence", "autostart"]
 * ```
 */
export function libvirtConfigs(options: LibvirtConfigsOptions = {}): LibvirtConfigs {
  return new LibvirtConfigs(options);
}

function contentsOf(bytes: Uint8Array): Contents {
  const root = parseXml(bytes);
  if (root.name !== "domain") throw new UnusableError("it is not the definition of a domain");
  const name = elementAt(root, "name")?.text ?? "";
  if (name === "") throw new UnusableError("it has no name of a domain");
  const virtualCpus = elementAt(root, "vcpu");
  return {
    name,
    uuid: uuidOf(elementAt(root, "uuid")?.text ?? ""),
    title: elementAt(root, "title")?.text ?? null,
    type: types[elementAt(root, "os", "type")?.text.trim() ?? ""] ?? null,
    memory: kibOf(elementAt(root, "currentMemory") ?? elementAt(root, "memory")),
    virtualCpus: wholeOf(virtualCpus?.attributes.get("current") ?? virtualCpus?.text ?? ""),
  };
}

/** Returns a size of memory in KiB. libvirt rounds up. */
function kibOf(element: Element | undefined): number | null {
  const number = wholeOf(element?.text ?? "");
  const unit = units.get((element?.attributes.get("unit") ?? "KiB").toLowerCase());
  if (number === null || unit === undefined) return null;
  const size = Math.ceil(number * unit / BYTES_PER_KIB);
  return Number.isSafeInteger(size) ? size : null;
}

function wholeOf(text: string): number | null {
  const number = /^\s*\d+\s*$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(number) && number > 0 ? number : null;
}
