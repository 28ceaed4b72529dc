// What a connection receives: replies, each with the events before it.

import type { Message } from "./link.ts";

const EVENT = 15;

/** What a connection received up to a reply. */
export interface Answer {
  /** The payloads of the events before the reply. */
  readonly events: readonly string[];
  /** Null where the connection was closed instead. */
  readonly reply: Message | null;
}

/** One answer for each reply. In place of the transaction's id, it has 0 where that is what was sent, and -1 elsewhere. */
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
 * Without the events that were there already, but for special ones: what else of a row of requests' events is sent again
 * depends on when the first was read.
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

/** Whether two answers are alike byte by byte. */
export function sameAnswer(one: Answer, other: Answer): boolean {
  if (one.events.length !== other.events.length) return false;
  if (!one.events.every((event, i) => event === other.events[i])) return false;
  if (one.reply === null || other.reply === null) return one.reply === other.reply;
  const { type, id, tx, text } = one.reply;
  return type === other.reply.type && id === other.reply.id && tx === other.reply.tx && text === other.reply.text;
}
