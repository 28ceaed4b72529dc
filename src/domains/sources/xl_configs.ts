// The definitions of Xen's own toolstack: files of xl.cfg(5), and the directory of those that start with the host.

import type { DomainDefinition, DomainSource, DomainType, SourceOptions } from "../sources.ts";
import { type Entry, Files } from "./files.ts";
import { type CheckedReading, type ProblemOptions, Problems, UnusableError } from "./problems.ts";
import { uuidOf } from "./uuid.ts";
import { type CfgValue, numberOf, parseXlCfg } from "./xl_cfg.ts";

const NAME = "xlConfigs";
const FILE_MAX = 1024 * 1024;
const KIB_PER_MIB = 1024;

/** The options of {@linkcode XlConfigs}. */
export interface XlConfigsOptions extends ProblemOptions {
  /**
   * The directory of the definitions. Its files whose names end in `.cfg` count.
   *
   * @default "/etc/xen"
   */
  readonly directory?: string;
  /**
   * The directory of the definitions that the host starts when it boots. All of its files count, and links to others.
   *
   * @default "/etc/xen/auto"
   */
  readonly autoDirectory?: string;
}

/** What a definition says of its domain. */
type Contents = Omit<DomainDefinition, "autostart" | "evidence">;

/**
 * The definitions of xl: the files `*.cfg` of a directory, and those of the directory of automatic starts.
 *
 * A definition is read and never executed. Files of more than 1 MiB, files that are not regular, and files that xl
 * would not accept are problems of the reading.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { DomainFlag, listDomains, XlConfigs } from "tsxs/domains";
 *
 * await using store = await connect();
 * const sources = [new XlConfigs({ directory: "/etc/xen" })];
 * for (const { name } of await listDomains(store, { flags: DomainFlag.persistent, sources })) console.log(name);
 * ```
 */
export class XlConfigs implements DomainSource {
  /** `"xlConfigs"`. */
  readonly name: string = NAME;
  /** The definitions tell which domains are persistent, and which the host starts. */
  readonly answers: readonly ("persistence" | "autostart")[] = ["persistence", "autostart"];
  readonly #directory: string;
  readonly #autoDirectory: string;
  readonly #options: ProblemOptions;
  readonly #files = new Files(NAME, FILE_MAX, contentsOf);

  /**
   * Makes the source.
   *
   * @param options The directories.
   */
  constructor(options: XlConfigsOptions = {}) {
    this.#directory = options.directory ?? "/etc/xen";
    this.#autoDirectory = options.autoDirectory ?? "/etc/xen/auto";
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
    const list = (directory: string): Promise<Entry[]> =>
      this.#files.list(directory, signal, () => problems.add(directory, "it has too many entries"));
    const automatic = await list(this.#autoDirectory);
    const others = (await list(this.#directory)).filter(({ name }) => name.endsWith(".cfg"));
    const found = new Map<string, DomainDefinition>();
    for (const { path, isAutomatic } of [...marked(automatic, true), ...marked(others, false)]) {
      signal?.throwIfAborted();
      try {
        const { file, made } = await this.#files.take(path);
        // A link of the automatic starts and the file that it leads to are one definition, whose path is the file's.
        const autostart = isAutomatic || found.get(file)?.autostart === true;
        found.set(file, { ...made, autostart, evidence: path });
      } catch (error) {
        if (!(error instanceof UnusableError)) throw error;
        problems.add(path, error.message);
      }
    }
    return { definitions: [...found.values()], problems: problems.list };
  }
}

/**
 * Makes the source of the definitions of xl.
 *
 * @param options The directories.
 * @returns The source.
 *
 * @example
 * ```ts
 * import { xlConfigs } from "tsxs/domains";
 *
 * console.log(xlConfigs({ directory: "/etc/xen" }).answers); // ["persistence", "autostart"]
 * ```
 */
export function xlConfigs(options: XlConfigsOptions = {}): XlConfigs {
  return new XlConfigs(options);
}

function marked(entries: readonly Entry[], isAutomatic: boolean) {
  return entries.map(({ path }) => ({ path, isAutomatic }));
}

function contentsOf(bytes: Uint8Array): Contents {
  // Bytes that are not UTF-8 are replaced, as in the names that the store tells. xl refuses a byte order mark.
  const values = parseXlCfg(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  const name = textOf(values.get("name"));
  if (name === null || name === "") throw new UnusableError("it has no name of a domain");
  const memory = positive(numberOf(values.get("memory")));
  const uuid = textOf(values.get("uuid"));
  return {
    name,
    uuid: uuid === null ? null : uuidOf(uuid),
    title: textOf(values.get("title")),
    type: typeOf(values),
    memory: memory === null ? null : memory * KIB_PER_MIB,
    virtualCpus: positive(numberOf(values.get("vcpus"))),
  };
}

function textOf(value: CfgValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function positive(number: number | null): number | null {
  return number !== null && number > 0 ? number : null;
}

/** Returns the type, by the option of today or by that of old. A definition without either is of a PV domain. */
function typeOf(values: ReadonlyMap<string, CfgValue>): DomainType | null {
  const type = values.get("type");
  if (typeof type === "string") {
    const lower = type.toLowerCase();
    return lower === "pv" || lower === "hvm" || lower === "pvh" ? lower : null;
  }
  if (numberOf(values.get("pvh")) === 1) return "pvh";
  return values.get("builder") === "hvm" ? "hvm" : "pv";
}
