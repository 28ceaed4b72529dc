// The worker's whole code as one text, which the build of the package inserts here, so that no bundler needs a second
// file.

/** The text of a script; `null` in the sources, in which the worker starts from its own file. */
export const workerSource: string | null = null;
