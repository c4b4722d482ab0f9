/** Characters that move, hide or reorder what a reader sees: controls, directions, and what has no width. */
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;
const escapes = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;

/** A text as people may read it: without escape sequences, invisible characters and halves of surrogate pairs. */
export function readable(text: string): string {
    return text.replace(escapes, "").replace(/\r\n?/g, "\n").replace(/\t/g, "    ").replace(invisible, "").replace(/\p{Surrogate}/gu, "\ufffd");
}

/** Number of characters as GitHub and GitLab count them: code points. */
export function lengthOf(text: string): number {
    let length = 0;
    for (const _ of text) length++;
    return length;
}

/** At most `limit` characters, counted like lengthOf; what is left out is said. */
export function shortened(text: string, limit: number): string {
    if (text.length <= limit) return text;
    const characters = [...text];
    if (characters.length <= limit) return text;
    const mark = ` … ${characters.length - limit} more characters`;
    return characters.slice(0, Math.max(0, limit - mark.length)).join("") + mark;
}

/**
 * A text from the change as Markdown's inline code, on one line: neither HTML nor a mention in it has an effect, and no
 * backtick ends it early.
 */
export function inlineCode(text: string, limit = 300): string {
    const line = shortened(readable(text).replace(/\s+/g, " ").trim(), limit) || "(no name)";
    const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map(run => run.length));
    const fence = "`".repeat(longest + 1);
    const space = line.startsWith("`") || line.endsWith("`") ? " " : "";
    return `${fence}${space}${line}${space}${fence}`;
}

/** Lines of a fenced block. Each is indented by four spaces, with which no line can end the block. */
export function blockLines(text: string, { indent = "    ", width = 400, lines = 60 } = {}): string[] {
    const all = readable(text).split("\n").map(line => line.trimEnd());
    const kept = all.slice(0, lines).map(line => `${indent}${shortened(line, width)}`);
    return all.length > lines ? [...kept, `${indent}… ${all.length - lines} more lines`] : kept;
}
