// The classes of nodes whose values belong to one domain or one run of it, and what a restore makes of them.

/** What a restore does with a node. */
export type KeyClass =
  /** The value is the path of a node: it is mapped. */
  | "path"
  /** The value is the number of a domain: it is mapped. */
  | "id"
  /** The value is only valid while the domain and its peer run: the node is left out. */
  | "left-out"
  /** The value is a state that begins anew: it is reset. */
  | "reset";

/** A rule of {@linkcode classOf}. */
interface Rule {
  readonly pattern: RegExp;
  readonly class: KeyClass;
  /** The value of a node that is reset. */
  readonly value?: string;
}

// Nodes of a domain: in its home, in the copies of the toolstack, and under its UUID.
const DOMAIN = "^/(?:local/domain|libxl|vm)/[^/]+/";
const FRONTEND = "^/(?:local/domain|libxl)/\\d+/device/[^/]+/[^/]+";
const BACKEND = "^/(?:local/domain|libxl)/\\d+/backend/[^/]+/\\d+/[^/]+";
const rule = (pattern: string, of: KeyClass, value?: string): Rule => {
  const compiled = { pattern: new RegExp(pattern), class: of };
  return value === undefined ? compiled : { ...compiled, value };
};

/** The rules, of which the first one that matches counts. docs/checkpoints.md lists them with their reasons. */
const rules: readonly Rule[] = [
  // Grant references and event channels: names that no other node has.
  rule("/(?:[a-z]+-)*(?:ring|page)-ref(?:-?\\d+)?$", "left-out"),
  rule("/(?:[a-z]+-)*event-channel(?:-[a-z]+)?(?:-?\\d+)?$", "left-out"),
  rule("/hotplug-(?:status|error)$", "left-out"),
  // Names that mean something else outside of a domain's nodes.
  rule(`${DOMAIN}(?:.*/)?(?:port|vnc-port|tty)$`, "left-out"),
  rule(`${DOMAIN}(?:.*/)?(?:pid|[^/]+-pid)$`, "left-out"),
  rule("^/local/domain/\\d+/device-model/\\d+/state$", "left-out"),
  rule(`(?:${FRONTEND}|${BACKEND})/state(?:-\\d+)?$`, "reset", "1"),
  rule("^/local/domain/\\d+/console/state$", "reset", "1"),
  rule("^/local/domain/\\d+/control/(?:shutdown|sysrq)$", "reset", ""),
  rule("/(?:frontend|backend|domid)-id$|/domid$", "id"),
  rule("^/local/domain/\\d+/(?:target|image/device-model-domid)$", "id"),
  rule("/(?:frontend|backend)$", "path"),
  rule("^/local/domain/\\d+/vm$", "path"),
];

/** The class of a node, and the value of a node that is reset. */
export interface Classified {
  readonly class: KeyClass;
  readonly value?: string;
}

/** Returns the class of a node by its path, or `null` if a restore writes its value as it is. */
export function classOf(path: string): Classified | null {
  return rules.find(({ pattern }) => pattern.test(path)) ?? null;
}
