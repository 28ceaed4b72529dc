// What the hypervisor says of domains: the table of `xl list -v`.

import type { DomainSource, HypervisorState, SourceOptions } from "../sources.ts";
import { XenStoreError } from "../../wire/errors.ts";
import { codeOf } from "../../wire/system_errors.ts";
import { type CheckedReading, type ProblemOptions, Problems } from "./problems.ts";
import { type RunProgram, runProgram } from "./program.ts";
import { parseXlTable } from "./xl_table.ts";

const NAME = "xlList";

/** The options of {@linkcode XlList}. */
export interface XlListOptions extends ProblemOptions {
  /**
   * The program: a name that is sought on `PATH`, or a path.
   *
   * @default "xl"
   */
  readonly program?: string;
  /**
   * Runs the program.
   *
   * @default The API of the runtime.
   */
  readonly run?: RunProgram;
}

/**
 * The states of domains that the hypervisor tells, by the program `xl` of the host.
 *
 * Only the hypervisor knows which domains are paused, and why a domain ended. The program needs the rights of domain 0.
 * Lines that are not rows of the table are problems of the reading, and so are two rows of one domain.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { DomainFlag, listDomains, XlList } from "tsxs/domains";
 *
 * await using store = await connect();
 * const sources = [new XlList({ run: async () => ({ status: 0, stdout: "", stderr: "" }) })];
 * console.log((await listDomains(store, { flags: DomainFlag.paused, sources })).length); // 0
 * ```
 */
export class XlList implements DomainSource {
  /** `"xlList"`. */
  readonly name: string = NAME;
  /** The hypervisor tells the states. */
  readonly answers: readonly "state"[] = ["state"];
  readonly #program: string;
  readonly #run: RunProgram;
  readonly #options: ProblemOptions;

  /**
   * Makes the source.
   *
   * @param options The program.
   */
  constructor(options: XlListOptions = {}) {
    this.#program = options.program ?? "xl";
    this.#run = options.run ?? runProgram;
    this.#options = options;
  }

  /**
   * Runs the program, and reads its table.
   *
   * @param options The signal that ends the program.
   * @returns The states by the numbers of the domains, and the problems.
   * @throws {XenStoreError} If the program does not start: the code of the system. If it fails: EIO, with its message.
   */
  async read({ signal }: SourceOptions = {}): Promise<CheckedReading> {
    const problems = new Problems(NAME, this.#options);
    const { rows, others } = parseXlTable(await this.#print(signal));
    for (const line of others) problems.add(line, "it is not a row of a table of domains");
    const states = new Map<number, HypervisorState>();
    const doubtful = new Set<number>();
    for (const { id, letters, shutdownReason, uuid } of rows) {
      if (states.has(id)) doubtful.add(id);
      states.set(id, { letters, shutdownReason, uuid, evidence: `${this.#program} list` });
    }
    // A name with a line end may look like a row.
    for (const id of doubtful) {
      problems.add(`domain ${id}`, "it has two rows");
      states.delete(id);
    }
    return { states, problems: problems.list };
  }

  async #print(signal: AbortSignal | undefined): Promise<string> {
    let ran;
    try {
      ran = await this.#run([this.#program, "list", "-v"], signal);
    } catch (error) {
      signal?.throwIfAborted();
      const reason = `cannot run ${JSON.stringify(this.#program)}: ${codeOf(error) ?? String(error)}`;
      throw new XenStoreError(codeOf(error) ?? "EIO", reason, { operation: NAME, cause: error });
    }
    const { status, stdout, stderr } = ran;
    if (status === 0) return stdout;
    const [message = ""] = stderr.trim().split("\n");
    const end = status === null ? "a signal ended it" : `it ended with status ${status}`;
    const reason = `${JSON.stringify(`${this.#program} list -v`)} failed: ${end}${
      message === "" ? "" : `: ${JSON.stringify(message)}`
    }`;
    throw new XenStoreError("EIO", reason, { operation: NAME });
  }
}

/**
 * Makes the source of the states that the hypervisor tells.
 *
 * @param options The program.
 * @returns The source.
 *
 * @example
 * ```ts
 * import { xlList } from "tsxs/domains";
 *
 * console.log(xlList().answers); // ["state"]
 * ```
 */
export function xlList(options: XlListOptions = {}): XlList {
  return new XlList(options);
}
