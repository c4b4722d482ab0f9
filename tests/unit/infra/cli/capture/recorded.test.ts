import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { expect, it } from "vitest";
import { captureProgram } from "../../../../../infra/cli/capture";
import { expectSame, Planned, planned, previewReal } from "../../../support/preview";

const sample = path.join(__dirname, "sample-project");
/** What `pulumi preview --json` of the CLI 3.260.0 said of the sample; LANDFALL_RECORD=1 records them again. */
const recording = path.join(__dirname, "golden/real-preview.json");
async function sampleAsSeen(): Promise<Planned[]> {
    const program = createRequire(__filename)("./sample-project/index.ts") as () => Promise<unknown>;
    return planned((await captureProgram({ stack: "test", config: {}, program })).resources);
}

it("a program is rendered as Pulumi was recorded to see it", async () => {
    if (process.env.LANDFALL_RECORD) {
        const seen = previewReal(sample, ["Pulumi.yaml", "package.json", "index.ts"], "test");
        fs.writeFileSync(recording, `${JSON.stringify(seen, undefined, 2)}\n`);
    }
    const recorded = JSON.parse(fs.readFileSync(recording, "utf8")) as Planned[];
    expect(recorded.length).toBeGreaterThan(8);
    expectSame(await sampleAsSeen(), recorded);
});
