import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../infra/offline/kit/run";
import { nodeContainers } from "./support/docker";
import { type Kept, writeDown } from "./support/kept";
import { names } from "./support/names";
import { down, ensureUp, forgetStart } from "./support/stack";

/** What 60-recreate.test.ts tries both at once, one after the other. */
describe("the data outlives the cluster", () => {
    let kept: Kept;

    beforeAll(async () => {
        await ensureUp();
        kept = await writeDown();
    });

    afterAll(async () => {
        await down("--yes");
        forgetStart();
    });

    it("when it was deleted by hand, and the next start makes it again", async () => {
        await run("kind", ["delete", "cluster", "--name", names.cluster]);
        expect(await nodeContainers()).toEqual([]);
        await kept.findAgain("npm start after the cluster was deleted by hand");
    });

    it("when it was taken down with --keep-data, and a later start makes it again", async () => {
        const { code } = await down("--keep-data");
        expect(code).toBe(0);
        expect(await nodeContainers()).toEqual([]);
        await kept.findAgain("npm start after down --keep-data");
    });
});
