import { beforeAll, describe, expect, it } from "vitest";
import { run } from "../../infra/offline/kit/run";
import { nodeContainers } from "./support/docker";
import { names } from "./support/names";
import { picture } from "./support/picture";
import { ask, Editor, Item, pathOf } from "./support/site";
import { adminPassword, down, ensureUp, figure, start } from "./support/stack";

describe("the data outlives the cluster", () => {
    const text = `Kept since ${new Date().toISOString()}`;
    const content = picture(text);
    let post: Item;
    let upload: Item;

    beforeAll(async () => {
        await ensureUp();
        const editor = await Editor.logIn(adminPassword());
        post = await editor.publish("To be kept", text);
        upload = await editor.upload("kept.png", "image/png", content);
    });

    it("when it was deleted by hand, and the next start makes it again", async () => {
        await run("kind", ["delete", "cluster", "--name", names.cluster]);
        expect(await nodeContainers()).toEqual([]);
        await startAgain("npm start after the cluster was deleted by hand");
    });

    it("when it was taken down with --keep-data, and a later start makes it again", async () => {
        const { code } = await down("--keep-data");
        expect(code).toBe(0);
        expect(await nodeContainers()).toEqual([]);
        await startAgain("npm start after down --keep-data");
    });

    async function startAgain(what: string): Promise<void> {
        const { code, seconds } = await start();
        figure(what, `${seconds} s`);
        expect(code).toBe(0);
        expect(await nodeContainers()).toHaveLength(2);
        expect((await ask({ path: pathOf(post.link) })).text).toContain(text);
        expect((await ask({ path: pathOf(upload.source_url) })).body.equals(content)).toBe(true);
        // The password that the start names is the one that the kept database knows.
        await Editor.logIn(adminPassword());
    }
});
