// UUIDs as files of the host write them.

/** Returns a UUID in small letters with dashes, or `null` if the text is not one. */
export function uuidOf(text: string): string | null {
  const [, ...parts] =
    /^\s*([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\s*$/i.exec(text) ?? [];
  return parts.length === 0 ? null : parts.join("-").toLowerCase();
}
