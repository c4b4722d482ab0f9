import * as fs from "node:fs";
import * as path from "node:path";
import { require as load } from "tsx/cjs/api";
import { expect, it } from "vitest";
import { captureProgram } from "../../infra/offline/engine/capture";
import { expectSame, Planned, planned, previewReal, realEngine } from "./support/real-engine";

process.env.LANDFALL_RENDER = "1";

const sample = path.join(__dirname, "fixtures/sample-project");
/** What `pulumi preview --json` of the CLI 3.260.0 said of the sample; made anew with LANDFALL_RECORD=1. */
const recording = path.join(__dirname, "golden/real-preview.json");
const previewSample = () => previewReal(sample, ["Pulumi.yaml", "package.json", "index.ts"], "test");

async function sampleAsSeen(): Promise<Planned[]> {
    const program = load("./fixtures/sample-project/index.ts", __filename) as () => Promise<unknown>;
    return planned((await captureProgram({ stack: "test", config: {}, program })).resources);
}

it("sees a program as the real engine was recorded to see it", async () => {
    if (process.env.LANDFALL_RECORD) fs.writeFileSync(recording, `${JSON.stringify(previewSample(), undefined, 2)}\n`);
    const recorded = JSON.parse(fs.readFileSync(recording, "utf8")) as Planned[];
    expect(recorded.length).toBeGreaterThan(8);
    expectSame(await sampleAsSeen(), recorded);
});

it.runIf(realEngine())("sees it as the real engine on this computer does", async () => {
    expectSame(await sampleAsSeen(), previewSample());
});
