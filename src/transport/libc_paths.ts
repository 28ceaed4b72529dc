// The paths of libc on Linux.

/**
 * The names to try: by the search of the loader, and by the paths that Deno's `--allow-ffi=PATH` may name; glibc, then
 * musl.
 */
export const LIBC_PATHS: readonly string[] = [
  "libc.so.6",
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
];
