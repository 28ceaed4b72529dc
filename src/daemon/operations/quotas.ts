// The operations on features and quotas.

import { atoi, parseDomid, strings } from "./arguments.ts";
import { type Call, OK } from "./call.ts";
import { type Domain, FEATURES } from "../state/domains.ts";
import { fail, Failure } from "../state/failure.ts";
import { isQuotaName, type QuotaName, quotaNames } from "../tree/quotas.ts";
import type { Draft } from "../state/draft.ts";
import type { Store } from "../state/store.ts";

/** GET_FEATURE: the features that the asking domain is offered or, for domain 0, another one. */
export function getFeature(call: Call): string | Failure {
  const { domain } = call.connection;
  const [domid, ...more] = strings(call.text);
  if (domid === undefined) return `${domain.features}\0`;
  if (!domain.privileged) return fail.EACCES;
  if (more.length > 0) return fail.EINVAL;
  const named = namedDomain(call, domid);
  return named instanceof Failure ? named : `${named.features}\0`;
}

/** SET_FEATURE: what a domain is to be offered once it is introduced. */
export function setFeature(call: Call): string | Failure {
  const [domid, features, ...more] = strings(call.text);
  if (domid === undefined || features === undefined || more.length > 0) return fail.EINVAL;
  const domain = namedDomain(call, domid);
  if (domain instanceof Failure) return domain;
  if (domain.introduced) return fail.EBUSY;
  const bits = atoi(features);
  if ((bits & ~FEATURES) !== 0) return fail.EINVAL;
  domain.features = bits;
  return OK;
}

/** GET_QUOTA: the names of all quotas, or the value of one: of new domains, or of one domain. */
export function getQuota(call: Call): string | Failure {
  const args = strings(call.text);
  if (args.length > 2) return fail.EINVAL;
  if (args.length === 0) return `${quotaNames.join(" ")}\0`;
  const domain = args.length === 2 ? namedDomain(call, args[0] ?? "") : null;
  if (domain instanceof Failure) return domain;
  const name = args[args.length - 1] ?? "";
  return isQuotaName(name) ? `${(domain ?? call.store).quotas.get(name)}\0` : fail.EINVAL;
}

/** SET_QUOTA: changes a quota of new domains, or of one domain. */
export function setQuota(call: Call): string | Failure {
  const args = strings(call.text);
  if (args.length < 2 || args.length > 3) return fail.EINVAL;
  const domain = args.length === 3 ? namedDomain(call, args[0] ?? "") : null;
  if (domain instanceof Failure) return domain;
  const [name = "", text = ""] = args.slice(-2);
  const value = atoi(text) >>> 0;
  if (!isQuotaName(name) || value === 0xffffffff) return fail.EINVAL;
  return call.store.tryPublish(draftQuota(call.store, domain, name, value)) ?? OK;
}

/**
 * Drafts the change of a quota. All quotas of a domain are persisted together: they were copied from those of new
 * domains, which may be different when the store is restored.
 */
export function draftQuota(store: Store, domain: Domain | null, name: QuotaName, value: number): Draft {
  const draft = store.draft();
  const domid = domain?.domid ?? null;
  for (const each of domain === null ? [name] : quotaNames) {
    draft.view.changes.push({
      kind: "quota",
      domid,
      name: each,
      value: each === name ? value : store.quotasFor(domid).get(each),
    });
  }
  return draft;
}

function namedDomain({ store }: Call, text: string): Domain | Failure {
  const domid = parseDomid(text);
  if (domid instanceof Failure) return domid;
  return store.existing(domid) ?? fail.ENOENT;
}
