import { spawn } from "node:child_process";
import * as path from "node:path";
import { UserError } from "./terminal/errors";
import { onInterrupt } from "./terminal/interrupt";

const kinds = ["unit", "lint", "e2e", "nightly"];

/** `npm test`, `npm run lint`, `npm run test:e2e` and `npm run test:nightly`: vitest over tests/; further arguments are vitest's. */
export async function main([kind, ...args]: string[]): Promise<number> {
    if (!kinds.includes(kind)) throw new UserError(`There are tests of these kinds: ${kinds.join(", ")}.`);
    const vitest = path.join(path.dirname(require.resolve("vitest/package.json")), "vitest.mjs");
    const run = ["run", "--config", "tests/vitest.config.mts", "--project", kind, ...args];
    const child = spawn(process.execPath, [vitest, ...run], { stdio: "inherit" });
    onInterrupt(() => undefined).addEventListener("abort", () => child.kill("SIGINT"));
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("exit", (code, signal) => resolve(signal ? 1 : (code ?? 1)));
    });
}
