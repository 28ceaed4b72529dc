// The operations on features and quotas.

import { atoi, type Call, OK, parseDomid, strings } from "./call.ts";
import { type Domain, FEATURES } from "../state/domains.ts";
import { fail, Failure } from "../state/failure.ts";
import { isQuotaName, type QuotaName, quotaNames, type Quotas } from "../tree/quotas.ts";
import type { Change } from "../tree/tree.ts";

/** GET_FEATURE: the features that the asking domain is offered or, for domain 0, another one. */
export function getFeature(call: Call): string | Failure {
  const { domain } = call.connection;
  const [domid, ...more] = strings(call);
  if (domid === undefined) return `${domain.features}\0`;
  if (!domain.privileged) return fail.EACCES;
  if (more.length > 0) return fail.EINVAL;
  const named = namedDomain(call, domid);
  return named instanceof Failure ? named : `${named.features}\0`;
}

/** SET_FEATURE: what a domain is to be offered once it is introduced. */
export function setFeature(call: Call): string | Failure {
  const [domid, features, ...more] = strings(call);
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
  const args = strings(call);
  if (args.length > 2) return fail.EINVAL;
  if (args.length === 0) return `${quotaNames.join(" ")}\0`;
  const quotas = quotasOf(call, args.length === 2 ? args[0] : undefined);
  if (quotas instanceof Failure) return quotas;
  const name = args[args.length - 1] ?? "";
  return isQuotaName(name) ? `${quotas.get(name)}\0` : fail.EINVAL;
}

/** SET_QUOTA: changes a quota: of new domains, or of one domain. */
export function setQuota(call: Call): string | Failure {
  const args = strings(call);
  if (args.length < 2 || args.length > 3) return fail.EINVAL;
  const domidText = args.length === 3 ? args[0] : undefined;
  const quotas = quotasOf(call, domidText);
  if (quotas instanceof Failure) return quotas;
  const [name = "", text = ""] = args.slice(-2);
  const value = atoi(text) >>> 0;
  if (!isQuotaName(name) || value === 0xffffffff) return fail.EINVAL;
  quotas.set(name, value);
  const domid = domidText === undefined ? null : parseDomid(domidText);
  if (!(domid instanceof Failure)) call.core.view.changes.push(...changesOf(quotas, domid, name));
  return OK;
}

/** A domain's quotas are kept together: they were those of new domains when it came up, which may be others later. */
function changesOf(quotas: Quotas, domid: number | null, name: QuotaName): Change[] {
  const names = domid === null ? [name] : quotaNames;
  return names.map((each) => ({ kind: "quota", domid, name: each, value: quotas.get(each) }));
}

function quotasOf(call: Call, domid: string | undefined): Quotas | Failure {
  if (domid === undefined) return call.core.quotas;
  const domain = namedDomain(call, domid);
  return domain instanceof Failure ? domain : domain.quotas;
}

function namedDomain({ core }: Call, text: string): Domain | Failure {
  const domid = parseDomid(text);
  if (domid instanceof Failure) return domid;
  return core.existing(domid) ?? fail.ENOENT;
}
