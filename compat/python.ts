// Python's own rules for the arguments of a function in C, and the errors that say which one was broken.

const utf8 = new TextEncoder();

/** One of Python's exceptions, as the class of JavaScript that is nearest, under Python's name. */
export function pythonError(
  type: "TypeError" | "ValueError" | "OverflowError" | "SystemError" | "UnicodeEncodeError",
  message: string,
): Error {
  const error = type === "TypeError" || type === "SystemError" ? new TypeError(message) : new RangeError(message);
  error.name = type;
  return error;
}

/** What Python calls the type of a value. */
export function typeName(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "NoneType";
    case "boolean":
      return "bool";
    case "number":
      return Number.isSafeInteger(value) ? "int" : "float";
    case "bigint":
      return "int";
    case "string":
      return "str";
    case "function":
      return "function";
    case "symbol":
      return "symbol";
    default:
      return objectName(value as object | null);
  }
}

function objectName(value: object | null): string {
  if (value === null) return "NoneType";
  if (value instanceof Uint8Array) return "bytes";
  if (Array.isArray(value)) return isList(value) ? "list" : "tuple";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return "memoryview";
  return isDict(value) ? "dict" : value.constructor?.name ?? "object";
}

/** Whether a value is what stands for a list: an array that can be changed. One that cannot is a tuple. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && !Object.isFrozen(value);
}

/** Whether a value is what stands for a dict: an object of no class. */
export function isDict(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Demands a number of positional arguments. */
export function checkCount(args: readonly unknown[], count: number): void {
  if (args.length === count) return;
  const plural = count === 1 ? "argument" : "arguments";
  throw pythonError("TypeError", `function takes exactly ${count} ${plural} (${args.length} given)`);
}

/** Demands that a method that takes no arguments was given none. */
export function checkNone(args: readonly unknown[], method: string): void {
  if (args.length > 0) throw pythonError("TypeError", `xs.${method}() takes no arguments (${args.length} given)`);
}

/** A string without a NUL, at a position from 1. */
export function string(value: unknown, position: number): string {
  if (typeof value !== "string") {
    const name = value === null || value === undefined ? "None" : typeName(value);
    throw pythonError("TypeError", `argument ${position} must be str, not ${name}`);
  }
  // One loop, for what nearly all strings are: short, and nothing to complain of.
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0 || code >= FIRST_SURROGATE) return odd(value);
  }
  return value;
}

const FIRST_SURROGATE = 0xd800;

/** A string that may be wrong. */
function odd(value: string): string {
  checkWellFormed(value);
  if (value.includes("\0")) throw pythonError("ValueError", "embedded null character");
  return value;
}

const INT_MAX = 2n ** 31n - 1n;
const LONG_MAX = 2n ** 63n - 1n;

/** C's long of an integer. A number that is not sure to be one is a float. */
export function long(value: unknown): bigint {
  const isInteger = typeof value === "bigint" || typeof value === "boolean" || Number.isSafeInteger(value);
  if (!isInteger) throw pythonError("TypeError", `'${typeName(value)}' object cannot be interpreted as an integer`);
  const integer = BigInt(value as bigint | boolean | number);
  if (integer > LONG_MAX || integer < -LONG_MAX - 1n) {
    throw pythonError("OverflowError", "Python int too large to convert to C long");
  }
  return integer;
}

/** C's int of an integer. */
export function int(value: unknown): number {
  const integer = long(value);
  if (integer > INT_MAX) throw pythonError("OverflowError", "signed integer is greater than maximum");
  if (integer < -INT_MAX - 1n) throw pythonError("OverflowError", "signed integer is less than minimum");
  return Number(integer);
}

/** The transaction that a handle names: hexadecimal as strtoul reads it, of which the store takes 32 bits. */
export function transactionId(handle: string): number {
  if (handle === "" || handle === "0") return 0;
  // What transaction_start() gives.
  if (/^[0-9A-F]{1,8}$/.test(handle)) return Number.parseInt(handle, 16);
  const [, sign, digits] = /^[ \t\n\v\f\r]*([+-]?)(?:0[xX](?=[0-9a-fA-F]))?([0-9a-fA-F]*)/.exec(handle) ?? [];
  if (!digits) return 0;
  const number = BigInt(`0x${digits}`);
  const unsigned = number >= 1n << 64n ? (1n << 64n) - 1n : sign === "-" ? -number : number;
  return Number(BigInt.asUintN(32, unsigned));
}

/**
 * What was given by position, and by keyword: in an object at the end. What is `undefined` was not given; an object of
 * fewer keys than the `least` was, by position.
 */
export function parted(
  args: readonly unknown[],
  least: number,
): { positional: readonly unknown[]; named: Readonly<Record<string, unknown>> | null } {
  const positional = args.slice(0, args.findLastIndex((value) => value !== undefined) + 1);
  const last = positional.at(-1);
  if (!isDict(last) || Object.keys(last).length < least) return { positional, named: null };
  const named = Object.fromEntries(Object.entries(last).filter(([, value]) => value !== undefined));
  return { positional: positional.slice(0, -1), named };
}

/** Arguments by position and by keyword, in the order of `names`, as far as they were given. */
export function keywords(
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
  names: readonly string[],
  required: number,
  /** Called for each given argument, in order, before the next one is checked. */
  take: (value: unknown, index: number) => void,
): void {
  const given = positional.length + Object.keys(named).length;
  if (given > names.length) {
    const kind = positional.length === 0 ? "keyword arguments" : "arguments";
    throw pythonError("TypeError", `function takes at most ${names.length} ${kind} (${given} given)`);
  }
  for (const [index, name] of names.entries()) {
    if (index < positional.length) {
      if (Object.hasOwn(named, name)) {
        const place = `argument for function given by name ('${name}') and position (${index + 1})`;
        throw pythonError("TypeError", place);
      }
      take(positional[index], index);
    } else if (Object.hasOwn(named, name)) take(named[name], index);
    else if (index < required) {
      throw pythonError("TypeError", `function missing required argument '${name}' (pos ${index + 1})`);
    }
  }
  for (const name of Object.keys(named)) {
    if (names.includes(name)) continue;
    throw pythonError("TypeError", `'${name}' is an invalid keyword argument for this function`);
  }
}

function checkWellFormed(text: string): void {
  if (text.isWellFormed()) return;
  for (const [position, character] of [...text].entries()) {
    if (character.isWellFormed()) continue;
    const code = character.charCodeAt(0).toString(16);
    const what = `can't encode character '\\u${code}' in position ${position}: surrogates not allowed`;
    throw pythonError("UnicodeEncodeError", `'utf-8' codec ${what}`);
  }
}

/** What escapes a byte that is no UTF-8: U+DC80 to U+DCFF, as in Python's own `surrogateescape`. */
const ESCAPE = 0xdc00;

/** A value's bytes: text as UTF-8, in which an escaped byte becomes that byte again. */
export function encodeValue(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string") {
    const name = typeName(value);
    throw pythonError(
      "TypeError",
      name === "memoryview"
        ? `argument 3 must be read-only bytes-like object, not ${name}`
        : `a bytes-like object is required, not '${name}'`,
    );
  }
  if (value.isWellFormed()) return utf8.encode(value);
  const plain = value.replace(/[\udc80-\udcff]/gu, "");
  checkWellFormed(plain);
  const bytes: number[] = [];
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff) bytes.push(code - ESCAPE);
    else bytes.push(...utf8.encode(character));
  }
  return Uint8Array.from(bytes);
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** At least so many bytes are for TextDecoder; a loop is faster below. */
const LONG = 64;

/** A value's text: UTF-8, in which every byte that is not part of any is escaped. Nothing is lost. */
export function decodeValue(bytes: Uint8Array): string {
  if (bytes.length >= LONG) return decodeAny(bytes);
  let all = 0;
  for (let i = 0; i < bytes.length; i++) all |= bytes[i] ?? 0;
  return all > 0x7f ? decodeAny(bytes) : String.fromCharCode(...bytes);
}

function decodeAny(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeEscaped(bytes);
  }
}

function decodeEscaped(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at] ?? 0;
    const size = byte < 0x80 ? 1 : byte < 0xc0 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    try {
      text += strict.decode(bytes.subarray(at, at + Math.max(1, size)));
      at += Math.max(1, size);
    } catch {
      text += String.fromCharCode(ESCAPE + byte);
      at++;
    }
  }
  return text;
}
