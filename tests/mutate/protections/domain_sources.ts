// The protections of the sources of domains, of the watch of their lives, and of the command that prints them.

import type { Protection } from "../protection.ts";

/** The protections of the sources of domains, of the watch of their lives, and of the command that prints them. */
export const domainSources: readonly Protection[] = [
  {
    name: "the longest definition",
    file: "src/domains/sources/files.ts",
    remove: "if (this.#isWhole && length > this.#limit) throw",
    instead: "if (false) throw",
    testFile: "tests/domains/sources/configs.test.ts",
    test: "XlConfigs reports each bad file, opens no FIFO, and reads the others",
  },
  {
    name: "two rows of one domain",
    file: "src/domains/sources/xl_list.ts",
    remove: "if (states.has(id)) doubtful.add(id);",
    testFile: "tests/domains/sources/xl_list.test.ts",
    test: "XlList leaves out a domain that has two rows, since a name may look like one",
  },
  {
    name: "the depth of lists of xl.cfg",
    file: "src/domains/sources/xl_cfg.ts",
    remove: "if (depth === DEPTH_MAX) throw",
    instead: "if (false) throw",
    testFile: "tests/domains/sources/xl_cfg.test.ts",
    test: 'parseXlCfg() refuses "x=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[": line 1 has more than 100 lists in lists',
  },
  {
    name: "the type of a document of XML",
    file: "src/domains/sources/xml.ts",
    remove: 'if (this.#text.startsWith("<!", this.#at)) throw this.#fault("it has a document type");',
    testFile: "tests/domains/sources/xml.test.ts",
    test: 'parseXml() refuses "<!DOCTYPE a><a/>": line 1: it has a document type',
  },
  {
    name: "the depth of XML",
    file: "src/domains/sources/xml.ts",
    remove: 'if (this.#open.length === DEPTH_MAX) throw this.#fault("it is too deep");',
    testFile: "tests/domains/sources/xml.test.ts",
    test: `parseXml() refuses "${"<a>".repeat(20)}": line 1: it is too deep`,
  },
  {
    name: "the watches after the end of a watch of lives",
    file: "src/domains/watch.ts",
    remove: "else await monitor.close();",
    testFile: "tests/domains/watch.test.ts",
    test: "a loop that is left leaves no watch",
  },
  {
    name: "a name of a domain on the terminal",
    file: "src/cli/domain_table.ts",
    remove: 'return shown(name ?? "(null)");',
    instead: 'return name ?? "(null)";',
    testFile: "tests/cli/domains.test.ts",
    test: "domains prints a table in which no name reaches the terminal unescaped",
  },
];
