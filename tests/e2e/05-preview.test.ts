import * as path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { captureProgram } from "../../infra/cli/capture";
import { pulumiDownload } from "../../infra/cli/computer/network";
import { probes } from "../../infra/cli/computer/probes";
import { readStackConfig, stackConfigFile } from "../../infra/cli/stack-config";
import { addToPath } from "../../infra/cli/tools/programs";
import { ensurePulumi } from "../../infra/cli/tools/pulumi";
import { expectSame, planned, previewReal } from "../unit/support/preview";
import { root } from "./support/names";
import { figure } from "./support/stack";
import { timed } from "./support/wait";

const files = ["Pulumi.yaml", "Pulumi.dev.yaml", "package.json", "tsconfig.json", "infra", "components"];

describe("a preview, before there is a cluster", () => {
    beforeAll(async () => {
        const { command } = await ensurePulumi("kind", await probes.answers(pulumiDownload), console.log);
        if (path.isAbsolute(command)) addToPath(path.dirname(command));
    });

    it("shows the resources that `npm run render` prints, with the same inputs, parents and dependencies", async () => {
        process.env.LANDFALL_RENDER = "1";
        let seen: ReturnType<typeof previewReal> = [];
        figure("pulumi preview of the stack dev", `${await timed(async () => (seen = previewReal(root, files, "dev")))} s`);
        const { resources } = await captureProgram({ stack: "dev", ...readStackConfig(stackConfigFile("dev")) });
        expect(seen.length).toBeGreaterThan(100);
        expectSame(planned(resources), seen);
    });
});
