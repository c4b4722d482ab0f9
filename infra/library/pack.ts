// `npm pack` runs it: makes dist, the package's content beside what stands in the repository as it is.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { libraryRoot } from "../../components/project";

const output = path.join(libraryRoot, "dist");

/** What components need beside their own code: scripts that aren't compiled, and images that are built on the user's computer. */
function isAsset(file: string): boolean {
    return /\.m[jt]s$/.test(file) || file.startsWith(path.join("workload", "images"));
}

fs.rmSync(output, { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "--project", __dirname], { stdio: "inherit" });
const components = path.join(libraryRoot, "components");
for (const file of fs.readdirSync(components, { recursive: true, encoding: "utf8" })) {
    const source = path.join(components, file);
    if (isAsset(file) && fs.statSync(source).isFile()) fs.cpSync(source, path.join(output, "components", file));
}
