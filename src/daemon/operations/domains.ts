// The operations on domains.

import { atoi, type Call, OK, onlyString, parseDomid, strings } from "./call.ts";
import { type Domain, DOMID_SELF, PRIVILEGED_DOMID } from "../state/domains.ts";
import { fail, Failure } from "../state/failure.ts";
import { endOf, introduceDomain } from "../state/lifecycle.ts";

/** INTRODUCE: lets a domain connect; one that may already starts anew. Where its page is, does not matter here. */
export function introduce(call: Call): string | Failure {
  const [domidText, gfn, port] = strings(call);
  if (domidText === undefined || gfn === undefined || port === undefined) return fail.EINVAL;
  const domid = parseDomid(domidText);
  if (domid instanceof Failure) return domid;
  if (atoi(port) === 0 || call.core.existing(domid) === undefined) return fail.EINVAL;
  introduceDomain(call.core, domid);
  return OK;
}

/** RELEASE: lets go of a domain, its nodes included; of all or, where that cannot be kept, of nothing. */
export function release(call: Call): string | Failure {
  const domain = namedGuest(call);
  if (domain instanceof Failure) return domain;
  const end = endOf(call.core, domain.domid);
  if (!call.core.keeps(end.changes)) return fail.EIO;
  end.carryOut();
  return OK;
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
  const [domidText, targetText] = strings(call);
  if (domidText === undefined || targetText === undefined) return fail.EINVAL;
  const domid = parseDomid(domidText);
  if (domid instanceof Failure) return domid;
  const target = parseDomid(targetText);
  if (target instanceof Failure) return target;
  const domain = call.core.introduced(domid);
  if (domain === undefined || call.core.introduced(target) === undefined) return fail.ENOENT;
  domain.target = target;
  return OK;
}

/** GET_DOMAIN_PATH: where a domain's home is, whether or not there is such a domain. */
export function getDomainPath(call: Call): string | Failure {
  const domid = namedDomid(call);
  return domid instanceof Failure ? domid : `/local/domain/${domid}\0`;
}

/** IS_DOMAIN_INTRODUCED: whether a domain may connect. */
export function isDomainIntroduced(call: Call): string | Failure {
  const domid = namedDomid(call);
  if (domid instanceof Failure) return domid;
  return domid === DOMID_SELF || call.core.introduced(domid) !== undefined ? "T\0" : "F\0";
}

function namedDomid(call: Call): number | Failure {
  const text = onlyString(call);
  return text === null ? fail.EINVAL : parseDomid(text);
}

function namedGuest(call: Call): Domain | Failure {
  const domid = namedDomid(call);
  if (domid instanceof Failure) return domid;
  if (domid === PRIVILEGED_DOMID) return fail.EINVAL;
  return call.core.introduced(domid) ?? fail.ENOENT;
}
