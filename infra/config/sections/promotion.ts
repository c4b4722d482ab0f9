import * as z from "zod";
import { byName, image, matching, text } from "../schema/fields";

const content = /^sha256:[0-9a-f]{64}$/;

/** Whether it is the digest of an image's content, rather than a reference that nodes know. */
export function isContent(given: string): boolean {
    return content.test(given);
}

/** `landfall:promotion`: images that were tested in another stack, instead of those of this directory. */
export function promotionSchema() {
    const digest = matching("sha256: and 64 hexadecimal digits", content);
    const deployed = text("the digest of an image's content, or an image reference with a tag or a digest", given =>
        isContent(given) || (!given.startsWith("sha256:") && image().safeParse(given).success));
    return z.strictObject({
        images: byName("names of the application's parts", /^[a-z][a-z0-9-]*$/, "web", deployed).prefault({}).meta({
            description: "The images by part, such as web and database. Content is delivered to the nodes without building. The others "
                + "are built or named as usual.",
            example: { web: `sha256:${"a".repeat(64)}` }, defaultText: "none",
        }),
        bundle: digest.optional().meta({ description: "Digest of what was promoted.", example: `sha256:${"b".repeat(64)}`, defaultText: "none" }),
        commit: matching("a commit's hash of 40 hexadecimal digits", /^[0-9a-f]{40}$/).optional().meta({
            description: "Commit that was tested.", example: "c".repeat(40), defaultText: "none",
        }),
        from: matching("a stack's name", /^[A-Za-z0-9][\w.-]{0,99}$/).optional().meta({
            description: "Stack in which it was tested.", example: "dev", defaultText: "none",
        }),
    }).optional().meta({
        description: "Which images run, as `npm run promote` has set it. It is remembered in the stack's state, so it needn't be in the file. "
            + "`{}` forgets it: the stack builds its own images again.",
        example: {}, defaultText: "what was last promoted to the stack, if anything", change: "in place", shared: false,
    });
}

export type Promotion = NonNullable<z.output<ReturnType<typeof promotionSchema>>>;
