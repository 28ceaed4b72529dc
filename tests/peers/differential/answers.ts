// The messages that a connection receives: replies, each with the events before it.

import type { Message } from "./link.ts";

const EVENT = 15;

/** The messages up to a reply. */
export interface Answer {
  /** The payloads of the events before the reply. */
  readonly events: readonly string[];
  /** Null if the connection was closed instead. */
  readonly reply: Message | null;
}

/** One answer for each reply. The transaction id becomes 0 if it is the one of the request, and -1 otherwise. */
export function answers(messages: readonly Message[], transactions: readonly number[] = []): Answer[] {
  const found: Answer[] = [];
  let events: string[] = [];
  for (const message of messages) {
    if (message.type === EVENT) {
      const ids = message.id === 0 && message.tx === 0 ? "" : ` with ids ${message.id} and ${message.tx}`;
      events.push(message.text + ids);
      continue;
    }
    found.push({ events, reply: { ...message, tx: message.tx === (transactions[found.length] ?? 0) ? 0 : -1 } });
    events = [];
  }
  if (events.length > 0) found.push({ events, reply: null });
  return found;
}

/**
 * Removes repeated events, except special ones. Whether an event of a series of requests is repeated depends on when
 * the first one was read.
 */
export function unique(messages: readonly Message[]): Message[] {
  const seen = new Set<string>();
  return messages.filter(({ type, text }) => {
    if (type !== EVENT || text.startsWith("@")) return true;
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** Whether two answers are equal byte by byte. */
export function sameAnswer(one: Answer, other: Answer): boolean {
  if (one.events.length !== other.events.length) return false;
  if (!one.events.every((event, i) => event === other.events[i])) return false;
  if (one.reply === null || other.reply === null) return one.reply === other.reply;
  const { type, id, tx, text } = one.reply;
  return type === other.reply.type && id === other.reply.id && tx === other.reply.tx && text === other.reply.text;
}
