// Random steps for the differential tests.

import { Operation as Op } from "../../../src/wire/operations.ts";
import { Random } from "../../support/random.ts";
import {
  DOMIDS,
  inside,
  type Make,
  needsErrno,
  NOWHERE,
  outside,
  reading,
  wideChild,
  withinGuestsLimit,
  writeLarge,
} from "./requests.ts";
import { GUESTS, type Request, SLOTS, type Step } from "./steps.ts";

/** The purpose of a run. */
export interface Profile {
  /** Whether guests may own only few nodes. 4.17 counts nodes of transactions differently, and no special nodes. */
  readonly fewNodes: boolean;
}

const PAYLOAD_MAX = 4096;
/** No domain ends before this step, because 4.17 counts the size of nodes as our daemon does until then. */
const EARLY = 200;

const anything: Make = (random) => outside.pick(random)(random);

/** Creates steps without end. */
export class Generator {
  readonly #random: Random;
  readonly #profile: Profile;
  /** The connection whose transaction is open, and how many more steps it takes. */
  #transaction: { readonly slot: number; left: number } | null = null;
  #steps = 0;

  /** Starts with a seed. */
  constructor(seed: number, profile: Profile) {
    this.#random = new Random(seed);
    this.#profile = profile;
  }

  /** The next step. */
  next(): Step {
    const random = this.#random;
    const transaction = this.#transaction;
    this.#steps++;
    if (transaction !== null) {
      if (--transaction.left < 0) {
        this.#transaction = null;
        return { kind: "send", slot: transaction.slot, requests: [this.#end(random.often(750) ? "T\0" : "F\0")] };
      }
      if (!random.often(30)) {
        if (random.often(850)) return this.#send(transaction.slot, this.#insideOf(transaction.slot));
        if (random.often(100)) return this.#several(this.#slot());
        return this.#send(this.#slot(), (one) => reading.pick(one)(one));
      }
    }
    const kind = this.#steps > EARLY ? random.below(1000) : 27 + random.below(973);
    if (kind < 20) return this.#introduce(random.of(DOMIDS));
    if (kind < 24) return this.#one({ type: Op.RELEASE, text: `${random.of(DOMIDS)}\0`, tx: 0 });
    if (kind < 27) return { kind: "destroy", domid: random.of(GUESTS) };
    if (kind < 31) return { kind: "shutdown", domid: random.of(GUESTS) };
    if (kind < 33) {
      return this.#one({ type: Op.SET_TARGET, text: random.of(["2\x001\0", "3\x001\0", "3\x000\0"]), tx: 0 });
    }
    if (kind < 36) return { kind: "reopen", slot: random.below(3) };
    if (kind < 37) return { kind: "oversize", slot: random.below(3), length: random.of([4097, 65536, 0xffffffff]) };
    if (kind < 50) return this.#home(random.of(DOMIDS));
    if (kind < 53) return this.#fill();
    if (kind < 58 && transaction === null) return this.#several(this.#slot());
    if (kind < 110 && transaction === null) return this.#start(this.#slot());
    return this.#send(this.#slot(), anything);
  }

  #slot(): number {
    return this.#random.below(SLOTS.length);
  }

  #one(request: Request): Step {
    return { kind: "send", slot: this.#random.below(3), requests: [request] };
  }

  #introduce(domid: string): Step {
    return this.#one({ type: Op.INTRODUCE, text: `${domid}\0${"1"}\0${this.#random.of(["1", "5", "7x"])}\0`, tx: 0 });
  }

  #home(domid: string): Step {
    const home = `/local/domain/${domid}`;
    const list = this.#random.of([`n0\0r${domid}\0`, `b${domid}\0`, `n${domid}\0`, `n${domid}\0r0\0r2\0`]);
    return {
      kind: "send",
      slot: this.#random.below(3),
      requests: [
        { type: Op.MKDIR, text: `${home}\0`, tx: 0 },
        { type: Op.SET_PERMS, text: `${home}\0${list}`, tx: 0 },
      ],
    };
  }

  /** Creates more children than a reply holds. */
  #fill(): Step {
    const random = this.#random;
    const paths = Array.from({ length: 25 }, () => `${wideChild(random)}\0`);
    const parts = ["0", "4020", "4021", "8000"].map((offset) => `/wide\0${offset}\0`);
    const requests = [
      ...paths.map((text) => ({ type: Op.MKDIR, text, tx: 0 })),
      { type: Op.DIRECTORY, text: "/wide\0", tx: 0 },
      ...parts.map((text) => ({ type: Op.DIRECTORY_PART, text, tx: 0 })),
    ];
    return { kind: "send", slot: random.below(3), requests };
  }

  #start(slot: number): Step {
    this.#transaction ??= { slot, left: 1 + this.#random.below(7) };
    return { kind: "send", slot, requests: [{ type: Op.TRANSACTION_START, text: "\0", tx: 0 }] };
  }

  #end(text: "T\0" | "F\0"): Request {
    return { type: Op.TRANSACTION_END, text, tx: 1 };
  }

  /** Several transactions, of which one may change something. A guest exceeds its quota. */
  #several(slot: number): Step {
    const random = this.#random;
    const inner = this.#insideOf(slot);
    const count = 1 + random.below(5);
    const requests: Request[] = [];
    for (let i = 0; i < count; i++) {
      requests.push({
        type: Op.TRANSACTION_START,
        text: random.of(["\0", "", "junk"]),
        tx: random.of([0, 0, 0, 0, 1, -5]),
      });
    }
    for (let i = 0; i < count; i++) requests.push(this.#mangled(inner(random)));
    for (let i = 0; i < count; i++) requests.push(this.#end(i === 0 ? "T\0" : "F\0"));
    return { kind: "send", slot, requests: requests.flatMap((request) => this.#prepared(slot, request)) };
  }

  #prepared(slot: number, { type, text, tx }: Request): Request[] {
    const fitting = SLOTS[slot] === 0 ? withinGuestsLimit(text) : text;
    const request = { type, text: fitting.slice(0, PAYLOAD_MAX), tx };
    return needsErrno(request) ? [{ type: Op.READ, text: NOWHERE, tx: 0 }, request] : [request];
  }

  #insideOf(slot: number): Make {
    const creates = !this.#profile.fewNodes || SLOTS[slot] === 0;
    return (random) => {
      let request = (creates ? inside : reading).pick(random)(random);
      // 4.17 excludes special nodes from transactions.
      while (request.text.startsWith("@")) request = reading.pick(random)(random);
      return { ...request, tx: random.often(985) ? 1 : random.of([2, 3, -3]) };
    };
  }

  #send(slot: number, make: Make): Step {
    const random = this.#random;
    const count = random.often(400) ? 1 : 2 + random.below(10);
    const requests: Request[] = [];
    for (let i = 0; i < count; i++) {
      const large = this.#steps <= EARLY && make === anything && random.often(50);
      const request = this.#mangled(large ? writeLarge(random) : make(random));
      if (request.type === Op.SET_PERMS && request.text.startsWith("@")) {
        requests.push(...this.#ofSpecial(slot, request));
      } else requests.push(...this.#prepared(slot, request));
    }
    return { kind: "send", slot, requests };
  }

  /** 4.17 lets the owner of a special node transfer it. So guests here keep theirs, unless they have a target. */
  #ofSpecial(slot: number, request: Request): Request[] {
    const [path = "", ...entries] = request.text.split("\0");
    const domid = SLOTS[slot] ?? 0;
    if (domid > 1) return [];
    if (this.#profile.fewNodes) entries[0] = "n0";
    else if (domid === 1) entries[0] = "r1";
    return this.#prepared(slot, { ...request, text: [path, ...entries].join("\0") });
  }

  /** Sometimes, a payload of another form. */
  #mangled(request: Request): Request {
    const random = this.#random;
    const { type, text } = request;
    if (!random.often(20)) return request;
    // A third string is a depth, which 4.17 does not know. No depth is below 0.
    if (type === Op.WATCH && text.endsWith("\0") && random.often(600)) return { ...request, text: `${text}-1\0` };
    if (type === Op.WATCH) return { ...request, text: random.often(500) ? `${text}x` : text.slice(0, -1) };
    switch (random.below(5)) {
      case 0:
        return { ...request, text: text.slice(0, -1) };
      case 1:
        return { ...request, text: `${text}x` };
      case 2:
        return { ...request, text: `${text}\0` };
      case 3:
        return { ...request, text: `${text}more\0` };
      default:
        return { ...request, text: "" };
    }
  }
}
