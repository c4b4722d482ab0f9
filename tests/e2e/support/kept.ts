import { expect } from "vitest";
import { nodeContainers } from "./docker";
import { picture } from "./picture";
import { ask, Editor, pathOf } from "./site";
import { adminPassword, figure, start } from "./stack";

/** What must outlive a cluster. */
export interface Kept {
    /** Starts the stack again, and finds on its new cluster all that was there. */
    findAgain: (what: string) => Promise<void>;
}

/** Writes a post and a picture into the site. */
export async function writeDown(): Promise<Kept> {
    const text = `Kept since ${new Date().toISOString()}`;
    const content = picture(text);
    const editor = await Editor.logIn(adminPassword());
    const post = await editor.publish("To be kept", text);
    const upload = await editor.upload("kept.png", "image/png", content);
    const findAgain = async (what: string): Promise<void> => {
        const { code, seconds } = await start();
        figure(what, `${seconds} s`);
        expect(code).toBe(0);
        expect(await nodeContainers()).toHaveLength(2);
        expect((await ask({ path: pathOf(post.link) })).text).toContain(text);
        expect((await ask({ path: pathOf(upload.source_url) })).body.equals(content)).toBe(true);
        // The password that the start names is the one that the kept database knows.
        await Editor.logIn(adminPassword());
    };
    return { findAgain };
}
