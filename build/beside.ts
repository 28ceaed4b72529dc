// Injected into the programs of the package: finds the files beside a program that was called by a link.

interface Deno {
  readonly mainModule: string;
  realPathSync(path: URL): string;
}

/** Returns the URL of a file beside the program; `null` if the runtime finds that file itself. */
export const beside: ((file: string) => string) | null = besideLink();

function besideLink(): ((file: string) => string) | null {
  const { Deno } = globalThis as { readonly Deno?: Deno };
  // Node and Bun resolve the link. Only a link has a name without an extension.
  if (Deno === undefined || !/^file:.*\/[^/.]*$/.test(import.meta.url)) return null;
  try {
    const path = encodeURI(Deno.realPathSync(new URL(import.meta.url))).replace(/[?#]/g, encodeURIComponent);
    const directory = new URL(`file://${path}`);
    return (file) => new URL(file, directory).href;
  } catch {
    return null;
  }
}
