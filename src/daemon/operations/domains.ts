// The operations on domains.

import { atoi, onlyString, parseDomid, strings } from "./arguments.ts";
import { type Call, OK } from "./call.ts";
import { type Domain, DOMID_SELF, PRIVILEGED_DOMID } from "../state/domains.ts";
import { fail, Failure } from "../state/failure.ts";
import { draftEnd, introduceDomain } from "../state/lifecycle.ts";

/**
 * INTRODUCE: lets a domain connect. A domain that may connect already starts anew. The page of the domain is ignored.
 */
export function introduce(call: Call): string | Failure {
  const [domidText, gfn, port] = strings(call.text);
  if (domidText === undefined || gfn === undefined || port === undefined) return fail.EINVAL;
  const domid = parseDomid(domidText);
  if (domid instanceof Failure) return domid;
  if (atoi(port) === 0 || call.store.existing(domid) === undefined) return fail.EINVAL;
  introduceDomain(call.store, domid);
  return OK;
}

/** RELEASE: ends a domain, and removes its nodes. Fails with EIO, and changes nothing, if that cannot be persisted. */
export function release(call: Call): string | Failure {
  const domain = namedGuest(call);
  if (domain instanceof Failure) return domain;
  return call.store.tryPublish(draftEnd(call.store, domain.domid)) ?? OK;
}

/** RESUME: a domain that had shut down runs again, so that its next end is told as well. */
export function resume(call: Call): string | Failure {
  const domain = namedGuest(call);
  if (domain instanceof Failure) return domain;
  domain.shutdown = false;
  return OK;
}

/** SET_TARGET: lets a domain act on behalf of another. */
export function setTarget(call: Call): string | Failure {
  const [domidText, targetText] = strings(call.text);
  if (domidText === undefined || targetText === undefined) return fail.EINVAL;
  const domid = parseDomid(domidText);
  if (domid instanceof Failure) return domid;
  const target = parseDomid(targetText);
  if (target instanceof Failure) return target;
  const domain = call.store.introduced(domid);
  if (domain === undefined || call.store.introduced(target) === undefined) return fail.ENOENT;
  domain.target = target;
  return OK;
}

/** GET_DOMAIN_PATH: returns the path of a domain's home, whether or not the domain exists. */
export function getDomainPath(call: Call): string | Failure {
  const domid = namedDomid(call);
  return domid instanceof Failure ? domid : `/local/domain/${domid}\0`;
}

/** IS_DOMAIN_INTRODUCED: whether a domain may connect. */
export function isDomainIntroduced(call: Call): string | Failure {
  const domid = namedDomid(call);
  if (domid instanceof Failure) return domid;
  return domid === DOMID_SELF || call.store.introduced(domid) !== undefined ? "T\0" : "F\0";
}

function namedDomid(call: Call): number | Failure {
  const text = onlyString(call.text);
  return text === null ? fail.EINVAL : parseDomid(text);
}

function namedGuest(call: Call): Domain | Failure {
  const domid = namedDomid(call);
  if (domid instanceof Failure) return domid;
  if (domid === PRIVILEGED_DOMID) return fail.EINVAL;
  return call.store.introduced(domid) ?? fail.ENOENT;
}
