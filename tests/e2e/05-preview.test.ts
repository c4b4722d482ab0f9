import { beforeAll, describe, expect, it } from "vitest";
import { nodeContainers } from "./support/docker";
import type { Ended } from "./support/npm";
import { pulumi } from "./support/pulumi";
import { figure, isUp } from "./support/stack";

/** What a reviewer sees of a stack whose cluster isn't there yet. Skipped on a stack that was kept from an earlier run. */
describe.skipIf(isUp())("a preview before there is a cluster", () => {
    let init: Ended;
    let preview: Ended;

    beforeAll(async () => {
        init = await pulumi("stack", "init");
        preview = await pulumi("preview");
        figure("pulumi preview of a new stack", `${preview.seconds} s`);
    });

    it("shows all that will be made", () => {
        expect([init.code, preview.code]).toEqual([0, 0]);
        for (const resource of [/StatefulSet +database/, /Deployment +web/, /Gateway +platform-gateway-gateway/, /NetworkPolicy +environment-deny-all/]) {
            expect(preview.output).toMatch(resource);
        }
        expect(preview.output).toMatch(/^ +\+ \d{3} to create$/m);
        expect(preview.output).not.toMatch(/\d+ to (update|replace|delete)/);
    });

    it("makes nothing", async () => {
        expect(await nodeContainers()).toEqual([]);
    });
});
