import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removeBackups } from "../../../../../infra/cli/engine/lock";

let directory: string;
const files = [
    "stacks/landfall/branch-x.json.bak", "stacks/landfall/branch-x.json.bak.attrs", "backups/landfall/branch-x/branch-x.1.json",
    "history/landfall/branch-x/branch-x-1.history.json", "locks/organization/landfall/branch-x/a.json",
];
const others = ["stacks/landfall/dev.json", "stacks/landfall/branch-x-2.json.bak", "backups/landfall/dev/dev.1.json", "history/other/branch-x/a.json"];
const write = (name: string): void => {
    fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    fs.writeFileSync(path.join(directory, name), "{}");
};
const left = (): string[] => [...files, ...others, "stacks/landfall/branch-x.json"].filter(name => fs.existsSync(path.join(directory, name)));

beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
    [...files, ...others].forEach(write);
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

describe("what Pulumi keeps of a removed stack in a local backend", () => {
    it("goes, and nothing of others", () => {
        removeBackups("branch-x", directory);
        expect(left()).toEqual(others);
        removeBackups("branch-x", directory);
    });

    it("stays while the stack is there", () => {
        write("stacks/landfall/branch-x.json");
        removeBackups("branch-x", directory);
        expect(left()).toHaveLength(files.length + others.length + 1);
    });
});
