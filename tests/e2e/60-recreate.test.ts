import { beforeAll, describe, expect, it } from "vitest";
import { run } from "../../infra/offline/kit/run";
import { nodeContainers } from "./support/docker";
import { type Kept, writeDown } from "./support/kept";
import { names } from "./support/names";
import { down, ensureUp, figure } from "./support/stack";

describe("the data outlives the cluster", () => {
    let kept: Kept;

    beforeAll(async () => {
        await ensureUp();
        kept = await writeDown();
    });

    it("when that was deleted by hand, and what is left of the stack is taken down with --keep-data", async () => {
        await run("kind", ["delete", "cluster", "--name", names.cluster]);
        expect(await nodeContainers()).toEqual([]);
        const { code, seconds } = await down("--keep-data");
        figure("npm run down -- --keep-data of a stack whose cluster is gone", `${seconds} s`);
        expect(code).toBe(0);
    });

    it("and a later start makes it again", async () => {
        await kept.findAgain("npm start after down --keep-data");
    });
});
