// A registry with JSR's protocol and one package: this repository, as `deno publish` would upload it.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

interface Config {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly publish: { readonly include: readonly string[] };
}

export interface Registry extends AsyncDisposable {
  /** The value for `JSR_URL`, which Deno reads. */
  readonly url: string;
}

/** The files of the package, by their paths in it. */
function published(include: readonly string[]): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const path of include) {
    const isFile = statSync(join(root, path)).isFile();
    const inside = isFile ? [path] : readdirSync(join(root, path), { recursive: true, encoding: "utf8" })
      .map((name) => `${path}/${name}`)
      .filter((name) => statSync(join(root, name)).isFile());
    for (const name of inside) files.set(`/${name}`, readFileSync(join(root, name)));
  }
  return files;
}

/** Starts the registry on a free port of this machine. */
export async function startRegistry(): Promise<Registry> {
  const config: Config = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"));
  const { name, version, exports } = config;
  const files = published(config.publish.include);
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) {
    const checksum = `sha256-${createHash("sha256").update(bytes).digest("hex")}`;
    manifest[path] = { size: bytes.length, checksum };
  }
  const createdAt = "2020-01-01T00:00:00Z";
  const [scope, unscoped] = name.slice(1).split("/");
  const documents: Record<string, unknown> = {
    "meta.json": { scope, name: unscoped, latest: version, versions: { [version]: { createdAt } } },
    [`${version}_meta.json`]: { manifest, exports },
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(`/${name}/`.length);
    const document = documents[path];
    const file = files.get(path.slice(version.length));
    const type = document !== undefined ? "application/json" : path.endsWith(".ts") ? "text/typescript" : "text/plain";
    response.setHeader("content-type", type);
    if (document !== undefined) response.end(JSON.stringify(document));
    else if (file !== undefined) response.end(file);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
