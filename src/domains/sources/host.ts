// The sources that a host has: those whose program or directory exists.

import { builtin } from "../../transport/builtin.ts";
import type { DomainSource } from "../sources.ts";
import { libvirtConfigs } from "./libvirt_configs.ts";
import type { ProblemOptions } from "./problems.ts";
import { saves } from "./saves.ts";
import { xlConfigs } from "./xl_configs.ts";
import { xlList } from "./xl_list.ts";

/** The options of {@linkcode hostSources}. */
export interface HostSourcesOptions extends ProblemOptions {
  /**
   * The directory in which the files of the host are, such as the mounted disk of another host.
   *
   * @default "/"
   */
  readonly root?: string;
  /**
   * The directories in which the program `xl` is sought, separated by colons. They are not below `root`.
   *
   * @default "", which finds no program
   */
  readonly searchPath?: string;
}

/** A source that a host has. */
export interface HostSource {
  /** The source. */
  readonly source: DomainSource;
  /** The program or the directories that it reads. */
  readonly reads: readonly string[];
}

/**
 * Finds the sources that this host has: the program `xl`, definitions of xl and of libvirt, and saved images.
 *
 * @param options The places to look at.
 * @returns The sources, each with what it reads.
 *
 * @example
 * ```ts
 * import { hostSources } from "tsxs/domains";
 *
 * for (const { source, reads } of await hostSources({ searchPath: "/usr/sbin" })) console.log(source.name, reads);
 * ```
 */
export async function hostSources(options: HostSourcesOptions = {}): Promise<HostSource[]> {
  const { root = "/", searchPath = "", ...others } = options;
  const at = (path: string): string => `${root.replace(/\/+$/, "")}${path}`;
  const found: HostSource[] = [];
  const program = await findProgram(searchPath);
  if (program !== null) found.push({ source: xlList({ ...others, program }), reads: [program] });
  const directory = at("/etc/xen");
  if (await isDirectory(directory)) {
    const source = xlConfigs({ ...others, directory, autoDirectory: `${directory}/auto` });
    found.push({ source, reads: [directory, `${directory}/auto`] });
  }
  const libvirt = at("/etc/libvirt/libxl");
  if (await isDirectory(libvirt)) {
    found.push({ source: libvirtConfigs({ ...others, directory: libvirt }), reads: [libvirt, `${libvirt}/autostart`] });
  }
  // A host whose toolstack has saved nothing yet may lack the directory of its images.
  const images = [at("/var/lib/xen/save"), at("/var/lib/libvirt/libxl/save")] as const;
  const reads: string[] = [];
  for (const image of images) if (await isDirectory(image.replace(/\/save$/, ""))) reads.push(image);
  if (reads.length > 0) {
    found.push({ source: saves({ ...others, directory: images[0], libvirtDirectory: images[1] }), reads });
  }
  return found;
}

async function findProgram(searchPath: string): Promise<string | null> {
  const { constants, promises } = builtin("node:fs");
  for (const directory of searchPath.split(":").filter((directory) => directory.startsWith("/"))) {
    const program = `${directory}/xl`;
    try {
      await promises.access(program, constants.X_OK);
      if ((await promises.stat(program)).isFile()) return program;
    } catch { /* the program is not there */ }
  }
  return null;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await builtin("node:fs").promises.stat(path)).isDirectory();
  } catch {
    return false;
  }
}
