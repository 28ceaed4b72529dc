// The part of Deno's API that the command uses, so that type checks on other runtimes do not need Deno's types.

interface Input {
  readonly readable: AsyncIterable<Uint8Array>;
}
export interface Output {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}
interface ProgramOptions {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}
interface FileOptions {
  readonly write: boolean;
  readonly create: boolean;
  readonly truncate: boolean;
  readonly mode: number;
}
/** The part of Deno's API that the command uses. */
export interface DenoApi {
  readonly args: readonly string[];
  readonly mainModule: string;
  readonly pid: number;
  readonly stdin: Input & { isTerminal(): boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: { get(name: string): string | undefined };
  open(path: string): Promise<Input>;
  openSync(path: string, options: FileOptions | { readonly write: true }): Output & { close(): void };
  statSync(path: string): { readonly isFile: boolean; readonly size: number };
  readonly Command: new (program: string, options: ProgramOptions) => {
    spawn(): {
      readonly status: Promise<{ readonly code: number; readonly signal: string | null }>;
      kill(signal: string): void;
    };
  };
  readFileSync(path: string): Uint8Array;
  consoleSize(): { readonly columns: number };
  addSignalListener(signal: string, listener: () => void): void;
  removeSignalListener(signal: string, listener: () => void): void;
  kill(pid: number, signal: string): void;
  exit(status: number): never;
}
