import * as path from "node:path";
import { it } from "vitest";
import { captureProgram } from "../../infra/offline/engine/capture";
import { readStackConfig } from "../../infra/cli/stack-config";
import { expectSame, planned, previewReal, realEngine } from "./support/real-engine";

const root = path.resolve(__dirname, "../..");

it.runIf(realEngine())("the offline engine sees our program as the real engine on this computer does", async () => {
    process.env.LANDFALL_RENDER = "1";
    const files = ["Pulumi.yaml", "Pulumi.dev.yaml", "package.json", "tsconfig.json", "infra", "components"];
    const { resources } = await captureProgram({ stack: "dev", ...readStackConfig(path.join(root, "Pulumi.dev.yaml")) });
    expectSame(planned(resources), previewReal(root, files, "dev"));
});
