// `npm pack` runs this. It creates dist, which the package contains in addition to files of the repository.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { libraryRoot } from "../../components/project";

const output = path.join(libraryRoot, "dist");

/** Files that components need in addition to their code: the images that the user's computer builds. */
function isAsset(file: string): boolean {
    return file.startsWith(path.join("workload", "images"));
}

fs.rmSync(output, { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "--project", __dirname], { stdio: "inherit" });
const components = path.join(libraryRoot, "components");
for (const file of fs.readdirSync(components, { recursive: true, encoding: "utf8" })) {
    const source = path.join(components, file);
    if (isAsset(file) && fs.statSync(source).isFile()) fs.cpSync(source, path.join(output, "components", file));
}
