// The sources of what the store cannot tell: re-exports only.

export { Checkpoints, checkpoints, type KeptState, type ListStates } from "./checkpoints.ts";
export { LibvirtConfigs, libvirtConfigs, type LibvirtConfigsOptions } from "./libvirt_configs.ts";
export type { CheckedReading, ProblemOptions, SourceProblem } from "./problems.ts";
export type { ProgramResult, RunProgram } from "./program.ts";
export { Saves, saves, type SavesOptions } from "./saves.ts";
export { XlConfigs, xlConfigs, type XlConfigsOptions } from "./xl_configs.ts";
export { XlList, xlList, type XlListOptions } from "./xl_list.ts";
export { type HostSource, hostSources, type HostSourcesOptions } from "./host.ts";
