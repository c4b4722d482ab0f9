import { kinds } from "../preview/comment";
import type { Comment, PullRequest } from "./hosts";

/** Line of a comment that says which run has written it. */
const runLine = (run: number | undefined): string => (run === undefined ? "" : `<!-- run ${run} -->\n`);
const runOf = ({ body }: Comment): number => Number(/^<!-- run (\d+) -->$/m.exec(body)?.[1] ?? 0);
const anyMarker = /^<!-- landfall:preview(?: (\d+))? -->$/;

/**
 * Puts the comments in place: each is created once and edited later. It is found by its marker in the first line, and only
 * among the comments of our own account, so nobody else's is ever edited. Returns whether it did: a newer run has precedence.
 */
export async function putComments(request: PullRequest, bodies: readonly string[]): Promise<boolean> {
    const self = await request.self();
    // GitHub's names of bots differ between its interfaces.
    const plain = (name: string): string => name.toLowerCase().replace(/\[bot\]$/, "");
    const ours = async (): Promise<Comment[]> =>
        (await request.comments()).filter(({ author }) => plain(author) === plain(self)).sort((a, b) => a.id - b.id);
    const before = await ours();
    const { run } = request;
    if (run !== undefined && before.some(comment => partOf(comment) === 1 && runOf(comment) > run)) return false;
    for (const [index, body] of bodies.entries()) {
        const wanted = withRun(body, run, index + 1);
        const [found] = before.filter(comment => partOf(comment) === index + 1);
        if (!found) await request.create(wanted);
        else if (!sameText(found.body, wanted)) await request.edit(found.id, wanted);
    }
    // Two runs may have created theirs at the same time: both keep the oldest.
    const now = await ours();
    for (const [index, body] of bodies.entries()) {
        const [oldest, ...others] = now.filter(comment => partOf(comment) === index + 1);
        if (!oldest) continue;
        const wanted = withRun(body, run, index + 1);
        if (!sameText(oldest.body, wanted) && runOf(oldest) <= (run ?? 0)) await request.edit(oldest.id, wanted);
        for (const { id } of others) await request.remove(id);
    }
    for (const comment of now.filter(comment => (partOf(comment) ?? 0) > bodies.length)) await request.remove(comment.id);
    return true;
}

/** Which part of ours the comment is; undefined if it is something else. */
function partOf({ body }: Comment): number | undefined {
    const [, part = "1"] = anyMarker.exec(body.split(/\r?\n/, 1)[0]) ?? [undefined, "0"];
    return part === "0" ? undefined : Number(part);
}

function withRun(body: string, run: number | undefined, part: number): string {
    const marker = kinds.preview.marker(part);
    return body.startsWith(`${marker}\n`) ? `${marker}\n${runLine(run)}${body.slice(marker.length + 1)}` : `${marker}\n${runLine(run)}${body}`;
}

/** Hosts may change line endings, and what is at the end. */
function sameText(left: string, right: string): boolean {
    const plain = (text: string): string => text.replace(/\r\n/g, "\n").trimEnd();
    return plain(left) === plain(right);
}
