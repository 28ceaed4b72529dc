// Byte strings: texts in which each character is one byte, as the arguments and the output of the tools are.

const ASCII_MAX = 0x7f;

/** Returns the bytes of a byte string. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Returns the byte string of a text, in UTF-8. */
export function utf8Of(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > ASCII_MAX) return byteString(new TextEncoder().encode(text));
  }
  return text;
}

/** Returns the byte string of bytes. */
export function byteString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Returns the text of a byte string in UTF-8. Invalid bytes become replacement characters. */
export function textOf(text: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(text));
}
