import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bundleTasks } from "../../../../../../components/cluster/baremetal/machine/bundle";

test("imports the bundle's images, and not the files that a Mac's tar has put beside them", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-bundle-"));
    onTestFinished(() => fs.rmSync(directory, { recursive: true }));
    fs.mkdirSync(path.join(directory, "images", "workloads"), { recursive: true });
    for (const name of ["kit.tar", "._kit.tar", "workloads/kit.tar", "workloads/._kit.tar"]) fs.writeFileSync(path.join(directory, "images", name), "");
    const { script } = bundleTasks({ version: "v1.36.3" }).find(({ name }) => name === "Import the images from the bundle")!;
    const list = /\$\((find images .*)\)/.exec(script)?.[1];
    expect(list && spawnSync("bash", ["-c", list], { cwd: directory, encoding: "utf8" }).stdout).toBe("images/kit.tar\nimages/workloads/kit.tar\n");
});
