// The worker's whole code as one text, which the build of the package puts in here: no bundler has to know of a second
// file.

/** The text of a script; `null` in the sources, where the worker starts from its own file. */
export const workerSource: string | null = null;
