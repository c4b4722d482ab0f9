#!/usr/bin/env node
/**
 * An OCI runtime for machines without CAP_SYS_RESOURCE, where runc can't start a privileged container.
 *
 * Docker calls it in runc's place. It takes the capability, and an OOM score below zero (which needs it), out of what
 * the container or the exec requests, and calls runc. Only `docker.ts` uses it, and only if necessary.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MISSING = "CAP_SYS_RESOURCE";
const args = process.argv.slice(2);

/** The value of `--name value` or `--name=value`. */
function option(...names) {
    for (const [i, arg] of args.entries()) {
        const [name, value] = arg.split("=", 2);
        if (names.includes(name)) return value ?? args[i + 1];
    }
    return undefined;
}

function cleanProcess(spec) {
    for (const [set, names] of Object.entries(spec?.capabilities ?? {})) {
        spec.capabilities[set] = names.filter(name => name !== MISSING);
    }
    if (spec?.oomScoreAdj < 0) spec.oomScoreAdj = 0;
}

function rewrite(file, clean) {
    if (!file || !existsSync(file)) return;
    const spec = JSON.parse(readFileSync(file, "utf8"));
    clean(spec);
    writeFileSync(file, JSON.stringify(spec));
}

if (args.includes("create") || args.includes("run")) {
    rewrite(join(option("--bundle", "-b") ?? process.cwd(), "config.json"), spec => cleanProcess(spec.process));
} else if (args.includes("exec")) {
    rewrite(option("--process", "-p"), cleanProcess);
}

const done = spawnSync("runc", args, { stdio: "inherit" });
if (done.error) console.error(`Could not start runc: ${done.error.message}`);
process.exit(done.status ?? 1);
