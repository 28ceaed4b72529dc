// The words that a reader would have to guess at, what to write instead, and the few uses that are right.

import { ofMarkdown, ofTypeScript, type Piece } from "./sentences.ts";

/** One kind of sentence that the project does not write. */
export interface Rule {
  /** The name of the rule. */
  readonly name: string;
  /** Finds the words. */
  readonly pattern: RegExp;
  /** What to write instead. */
  readonly instead: string;
}

/** A sentence that breaks a rule. */
export interface Finding {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** The rules, each for one way to lose a reader. */
export const rules: readonly Rule[] = [
  {
    name: "where",
    pattern:
      /\bwhere (?:it|its|the|a|an|any|there|that|this|these|those|one|no|none|not|both|all|only|they|nothing|something|each|more)\b/i,
    instead: '"if" for a condition',
  },
  { name: "nobody", pattern: /\b(?:nobody|somebody|no one|anybody|everybody)\b/i, instead: "the client, the reader" },
  { name: "behind", pattern: /\bbehind\b/i, instead: '"after" for an order in time' },
  {
    name: "is none",
    pattern: /\b(?:that|which|who|it|there|value|what) (?:is|are|was|were) none\b|\bis none\b(?! of)/i,
    instead: '"invalid", "does not exist"',
  },
  { name: "at once", pattern: /\bat once\b/i, instead: '"immediately" or "concurrently"' },
  { name: "for ever", pattern: /\bfor ever\b/i, instead: '"forever"' },
  { name: "at the most", pattern: /\bat the (?:most|least)\b(?! \w)/i, instead: '"at most"' },
  { name: "meanwhile", pattern: /\bmeanwhile\b/i, instead: '"until then", "concurrently"' },
  {
    name: "headless",
    pattern:
      /\b(?:who (?:does|do|did|waits?|reads?|asks?|knows?|has|have|is|are|was|may|wants?|serves?|listens?|connects?)|what (?:waits?|is lost|came|comes|there was))\b|(?:^|[.:;] )(?:Those|Whoever|Whatever|Told) (?:of|who|that|which)\b/i,
    instead: "a noun: the client, the reply",
  },
];

/** The sentences in which the words mean what they say: a part of the sentence, by file. */
export const allowed: readonly { readonly file: string; readonly words: string }[] = [
  // The name of a user.
  { file: "tests/support/refused_daemon.ts", words: "refused_daemon.ts nobody" },
];

/** The sentences of a file that break a rule and are not allowed. */
export function findingsOf(file: string, source: string): Finding[] {
  const pieces: Piece[] = file.endsWith(".md") ? ofMarkdown(source) : ofTypeScript(source);
  const findings: Finding[] = [];
  for (const { line, text } of pieces) {
    for (const { name, pattern } of rules) {
      if (!pattern.test(text)) continue;
      if (allowed.some((use) => use.file === file && text.includes(use.words))) continue;
      findings.push({ rule: name, file, line, text });
    }
  }
  return findings;
}
