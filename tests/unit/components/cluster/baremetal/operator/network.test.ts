import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { applyScript } from "../../../../../../components/cluster/baremetal/operator/network";

// bash, and flock.
test.skipIf(process.platform !== "linux")("a pod network's manifest may be longer than a variable of the environment", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-network-"));
    onTestFinished(() => fs.rmSync(directory, { recursive: true }));
    const manifest = `# it's "long"\n${"a: $(b)\n".repeat(40_000)}`;
    const [file, applied] = ["network.yaml", "applied.yaml"].map(name => path.join(directory, name));
    fs.writeFileSync(file, manifest);
    const script = `kubectl() { cat > ${applied}; }\n${applyScript(file).replaceAll("/run/landfall.lock", path.join(directory, "lock"))}`;
    expect(spawnSync("bash", ["-s"], { input: script, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    // bash ends a text that it passes on with a line feed.
    expect(fs.readFileSync(applied, "utf8").trimEnd()).toBe(manifest.trimEnd());
});
