// Checks the documentation of the symbols that entries of the package export: `tsx tests/language/tags.ts ENTRY...`.

import { execFileSync, type ExecFileSyncOptions } from "node:child_process";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

interface Tag {
  readonly kind: string;
  readonly name?: string;
  /** The type that `@throws` names. */
  readonly tsType?: { readonly repr?: string };
  readonly doc?: string;
  /** The whole tag, if Deno does not know it. */
  readonly value?: string;
}

interface Documented {
  readonly name?: string;
  readonly jsDoc?: { readonly doc?: string; readonly tags?: readonly Tag[] };
  readonly location?: { readonly filename: string; readonly line: number };
}

interface Type {
  readonly kind: string;
  readonly repr?: string;
  readonly value?: unknown;
}

interface Parameter {
  readonly kind: string;
  readonly name?: string;
  readonly left?: Parameter;
  readonly arg?: Parameter;
}

interface Callable extends Documented {
  readonly kind?: string;
  readonly params?: readonly Parameter[];
  readonly returnType?: Type;
  readonly functionDef?: {
    readonly params: readonly Parameter[];
    readonly returnType?: Type;
    readonly hasBody?: boolean;
  };
  readonly optional?: boolean;
  readonly accessibility?: string;
}

interface Definition {
  readonly params?: readonly Parameter[];
  readonly returnType?: Type;
  readonly constructors?: readonly Callable[];
  readonly methods?: readonly Callable[];
  readonly properties?: readonly Callable[];
}

interface Declaration extends Documented {
  readonly kind: string;
  readonly def?: Definition;
}

interface Symbol_ {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

interface Documentation {
  readonly nodes: Record<string, { readonly symbols: readonly Symbol_[] }>;
}

/** The longest summary line, in words. */
const SUMMARY_WORDS = 20;

/** Whether the documentation has a tag, by its name. */
function hasTag({ jsDoc }: Documented, name: string): boolean {
  return jsDoc?.tags?.some(({ kind, value }) => kind === name || value?.startsWith(`@${name}`)) ?? false;
}

/** Whether a method is the implementation of overloads, which are documented instead. */
function isImplementation(method: Callable, methods: readonly Callable[]): boolean {
  const hasBody = ({ functionDef }: Callable): boolean => functionDef?.hasBody === true;
  return hasBody(method) && methods.some((other) => other.name === method.name && !hasBody(other));
}

function parameterName(parameter: Parameter): string | undefined {
  return parameter.name ?? (parameter.left ?? parameter.arg)?.name;
}

/** Whether a call gives its caller nothing. */
function isVoid(type: Type | undefined): boolean {
  if (type === undefined) return true;
  if (type.kind === "this" || type.repr === "void" || type.repr === "never") return true;
  if (type.repr !== "Promise") return false;
  const [inner] = (type.value as { readonly typeParams?: readonly Type[] }).typeParams ?? [];
  return isVoid(inner);
}

/** What the documentation of a function or method lacks. */
function* lacksOfCall(
  documented: Documented,
  parameters: readonly Parameter[],
  returnType: Type | undefined,
): Generator<string> {
  const tags = documented.jsDoc?.tags ?? [];
  const described = tags.filter(({ kind }) => kind === "param");
  for (const [i, parameter] of parameters.entries()) {
    const name = parameterName(parameter);
    // A parameter that is taken apart in the signature has no name there: its place tells.
    const found = name === undefined ? described[i] : described.find((tag) => tag.name === name);
    if (found === undefined) yield `@param ${name ?? `number ${i + 1}`}`;
    else if ((found.doc ?? "").trim() === "") yield `a text for @param ${found.name}`;
  }
  if (parameters.length > 0 && !isVoid(returnType) && !tags.some(({ kind }) => kind === "return")) yield "@returns";
}

/** What the documentation of anything lacks. */
function* lacksOfText({ jsDoc }: Documented): Generator<string> {
  for (const { kind, tsType, doc } of jsDoc?.tags ?? []) {
    if (kind !== "throws") continue;
    if (tsType === undefined) yield "a {Type} for @throws";
    if (!/^(?:If|When the|As) /.test((doc ?? "").trim())) yield `"If ..." after @throws: ${(doc ?? "").slice(0, 40)}`;
  }
  const text = jsDoc?.doc ?? "";
  if (/\b(?:Throws|Rejects) (?:an? |the |as |with |where |if )/i.test(text)) {
    yield "a @throws tag instead of a sentence";
  }
  const [summary = ""] = text.trim().split("\n\n");
  const words = summary.split(/\s+/).length;
  if (words > SUMMARY_WORDS * 2) yield `a shorter first paragraph (${words} words)`;
}

/** All that one symbol lacks, each with its place. */
function* lacksOf({ name, declarations }: Symbol_): Generator<string> {
  for (const declaration of declarations) {
    const { def, kind } = declaration;
    const tell = function* (where: string, documented: Documented, lacks: Iterable<string>): Generator<string> {
      const { filename, line } = documented.location ?? declaration.location ?? { filename: "?", line: 0 };
      const file = filename.replace(/^.*?\/(?=(?:src|compat)\/|mod\.ts$)/, "");
      for (const lack of lacks) yield `${file}:${line}: ${where} lacks ${lack}`;
    };
    yield* tell(name, declaration, lacksOfText(declaration));
    if (kind === "function") {
      yield* tell(name, declaration, lacksOfCall(declaration, def?.params ?? [], def?.returnType));
    }
    for (const constructor of def?.constructors ?? []) {
      if (constructor.accessibility === "private" || hasTag(constructor, "internal")) {
        continue;
      }
      yield* tell(`new ${name}`, constructor, lacksOfCall(constructor, constructor.params ?? [], undefined));
      yield* tell(`new ${name}`, constructor, lacksOfText(constructor));
    }
    for (const method of def?.methods ?? []) {
      if (method.accessibility === "private" || hasTag(method, "internal")) continue;
      if (isImplementation(method, def?.methods ?? [])) continue;
      const { params = [], returnType } = method.functionDef ?? method;
      const where = `${name}.${method.name}`;
      yield* tell(where, method, lacksOfText(method));
      if (method.name?.startsWith("[") || method.kind === "getter" || method.kind === "setter") continue;
      yield* tell(where, method, lacksOfCall(method, params, returnType));
    }
    for (const property of def?.properties ?? []) {
      const where = `${name}.${property.name}`;
      yield* tell(where, property, lacksOfText(property));
      const defaulted = kind === "interface" && name.endsWith("Options") && property.optional === true;
      if (defaulted && !hasTag(property, "default")) yield* tell(where, property, ["@default"]);
    }
  }
}

/** What `deno doc` reads from an entry. */
function symbolsOf(entry: string): Symbol_[] {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const deno = join(root, "node_modules", ".bin", "deno");
  const options: ExecFileSyncOptions = { cwd: root, maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"] };
  const documentation = JSON.parse(execFileSync(deno, ["doc", "--json", entry], options).toString()) as Documentation;
  return Object.values(documentation.nodes).flatMap(({ symbols }) => symbols);
}

const symbols = process.argv.slice(2).flatMap(symbolsOf);
// A symbol that two entries export has its lacks told once.
const lacks = new Set(symbols.flatMap((symbol) => [...lacksOf(symbol)]));
for (const lack of lacks) console.log(lack);
console.log(`${symbols.length} symbols read; ${lacks.size} lacks`);
process.exitCode = lacks.size === 0 && symbols.length > 0 ? 0 : 1;
