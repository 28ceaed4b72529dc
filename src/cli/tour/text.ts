// Text that is safe to print: whatever a store holds, no terminal obeys it.

/** Characters that a terminal acts on or that reorder a line, and the backslash that starts an escape. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\]/gu;

/** Escapes what is not to reach a terminal: `"\u{1b}"` for the escape character. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    return character === "\\" ? "\\\\" : `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

/** Text in quotes. */
export function quote(text: string): string {
  return `"${printable(text).replaceAll('"', '\\"')}"`;
}

/** Bytes in hexadecimal. */
export function bytesOf(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  return `<${digits.join(" ")}>`;
}

/** A value: text in quotes if it is UTF-8, else its bytes; `null` for none. */
export function valueOf(value: Uint8Array | null): string {
  if (value === null) return "null";
  try {
    return quote(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value));
  } catch {
    return bytesOf(value);
  }
}

/** Breaks text into lines of at most `width` columns, between words. A word that is longer has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  const [first = "", ...words] = text.split(" ");
  let line = first;
  for (const word of words) {
    if (line.length + 1 + word.length <= width) {
      line += ` ${word}`;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}
