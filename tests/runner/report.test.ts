// Reading the reports that the runtimes write.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Counts, readReport } from "./report.ts";

/** A suite that contains a suite of two tests, a failed test and a skipped test, and a separate test. */
const reports: Record<string, string> = {
  node: `<?xml version="1.0" encoding="utf-8"?>
<testsuites>
	<testsuite name="a" time="0.02" disabled="0" errors="0" tests="3" failures="1" skipped="1" hostname="vm">
		<testsuite name="b > c" time="0.01" disabled="0" errors="0" tests="2" failures="0" skipped="0" hostname="vm">
			<testcase name="one &lt;testcase>" time="0.009161" classname="test"/>
			<testcase name="two > three" time="0.000407" classname="test"/>
		</testsuite>
		<testcase name="fails" time="0.0002" classname="test" failure="a &quot;b&quot;">
			<failure type="testCodeFailure" message="a > b">
Error: &lt;testcase name="no test"/>
			</failure>
		</testcase>
		<testcase name="skipped" time="0.0003" classname="test">
			<skipped type="skipped" message="true"/>
		</testcase>
	</testsuite>
	<testcase name="plain" time="0.0002" classname="test"/>
	<!-- <testcase name="commented"/> -->
	<!-- tests 5 -->
</testsuites>
`,
  deno: `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="7" failures="2" errors="0" time="0.028">
    <testsuite name="./tests/a.test.ts" tests="2" disabled="0" errors="0" failures="1">
        <testcase name="a" classname="./tests/a.test.ts" time="0.015" line="2" col="1">
            <failure message="1 test step failed."/>
        </testcase>
        <testcase name="plain" classname="./tests/a.test.ts" time="0.000" line="3" col="1">
        </testcase>
    </testsuite>
    <testsuite name="ext:deno_node/testing.ts" tests="5" disabled="1" errors="0" failures="1">
        <testcase name="a &gt; b" classname="ext:deno_node/testing.ts" time="0.002" line="1" col="2">
        </testcase>
        <testcase name="a &gt; b &gt; one &lt;testcase&gt;" classname="ext:deno_node/testing.ts" time="0.001">
        </testcase>
        <testcase name="a &gt; b &gt; two &gt; three" classname="ext:deno_node/testing.ts" time="0.001">
        </testcase>
        <testcase name="a &gt; fails" classname="ext:deno_node/testing.ts" time="0.001" line="1" col="2">
            <failure message="Uncaught Error: no">Error: &lt;testcase name=&quot;no test&quot;/&gt;</failure>
        </testcase>
        <testcase name="a &gt; skipped" classname="ext:deno_node/testing.ts" time="0.000" line="1" col="2">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>
`,
  bun: `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5" assertions="0" failures="1" skipped="1" time="0.17">
  <testsuite name="tests/a.test.ts" file="tests/a.test.ts" tests="5" failures="1" skipped="1" time="0.16">
    <testsuite name="a" file="tests/a.test.ts" line="2" tests="4" failures="1" skipped="1" time="0" hostname="vm">
      <testsuite name="b" file="tests/a.test.ts" line="2" tests="2" failures="0" skipped="0" time="0.007">
        <testcase name="one" classname="b &gt; a" time="0.007272" file="tests/a.test.ts" line="2" assertions="0" />
        <testcase name="one &gt; two" classname="b &gt; a" time="0.000073" file="tests/a.test.ts" assertions="0" />
      </testsuite>
      <testcase name="fails" classname="a" time="0.000035" file="tests/a.test.ts" line="2" assertions="0">
        <failure type="Error" message="no">Error: no&#10;      at tests/a.test.ts:2:48</failure>
      </testcase>
      <testcase name="skipped" classname="a" time="0" file="tests/a.test.ts" line="2" assertions="0">
        <skipped />
      </testcase>
    </testsuite>
    <testcase name="plain" classname="" time="0.000023" file="tests/a.test.ts" line="3" assertions="0" />
  </testsuite>
</testsuites>
`,
};

describe("readReport()", () => {
  for (const [runtime, report] of Object.entries(reports)) {
    test(`readReport() counts the tests that ${runtime} reports`, () => {
      assertEquals(readReport(report), { passed: 3, failed: 1, skipped: 1 });
    });

    test(`readReport() returns undefined for every truncated report of ${runtime}`, () => {
      for (let length = 0; length < report.trimEnd().length; length++) {
        assertEquals(readReport(report.slice(0, length)), undefined, report.slice(0, length));
      }
    });
  }

  const nothing: Counts = { passed: 0, failed: 0, skipped: 0 };
  const others: [string, string, Counts][] = [
    ["a report without tests", '<testsuites name="deno test" tests="0" time="0.012">\n</testsuites>', nothing],
    ["an empty report", '<testsuites tests="0" />', nothing],
    [
      "a cancelled test as failed",
      '<testsuites><testcase name="exits"><error message="Cancelled"/></testcase></testsuites>',
      { ...nothing, failed: 1 },
    ],
  ];
  for (const [name, report, counts] of others) {
    test(`readReport() counts ${name}`, () => assertEquals(readReport(report), counts));
  }
});
