// Adds up vitest's JSON reports: `node summary.mjs FAILED REPORT...`, where FAILED is 1 if a command has failed.
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";

const [commandFailed, ...files] = process.argv.slice(2);
const reports = files.map(file => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined));
const sum = count => reports.reduce((total, report) => total + (report ? count(report) : 0), 0);

const excerpt = message => (message ?? "").slice(0, 2000).replace(/^/gm, "    ");

const passed = sum(report => report.numPassedTests);
// A file that can't be loaded has no failed test, and a report that is missing or empty is a failure too.
const broken = report => report.testResults.filter(({ status, assertionResults }) =>
    status === "failed" && !assertionResults.some(test => test.status === "failed")).length;
const empty = reports.filter(report => !report || report.numTotalTests === 0).length;
const counted = sum(report => report.numFailedTests + broken(report)) + empty;
const failed = counted === 0 && commandFailed !== "0" ? 1 : counted;

// What failed is said again at the end, which is what one sees first of a long log.
for (const { name, status, message, assertionResults } of reports.flatMap(report => report?.testResults ?? [])) {
    if (status !== "failed") continue;
    const tests = assertionResults.filter(test => test.status === "failed");
    console.log(`failed: ${path.relative(process.cwd(), name)}${tests.length === 0 ? `\n${excerpt(message)}` : ""}`);
    for (const { fullName, failureMessages } of tests) console.log(`  ${fullName}\n${excerpt(failureMessages.join("\n"))}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
