import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { pullRequestOf } from "./comment/hosts";
import { putComments } from "./comment/put";
import { codes, type Written, writtenFile } from "./preview";
import { kinds, label } from "./preview/comment";
import { inlineCode } from "./preview/text";
import { UserError } from "./terminal/errors";

const usage = `Usage: npm run comment -- --from DIRECTORY [--address URL]

Puts a preview that "npm run preview -- --out DIRECTORY" wrote onto its pull request, as one comment: created once, edited
later. It fails if the preview failed, or if data would be lost and the pull request lacks the label ${label}.

  --from DIRECTORY  the directory
  --address URL     the address of the branch's environment
  --help            this text

The environment says which pull request: GITHUB_REPOSITORY, PULL_REQUEST and GITHUB_TOKEN, and GITHUB_API_URL for a server of
your own; or CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID and GITLAB_TOKEN. COMMENT_AUTHOR is the account on GitHub, if
the token isn't a workflow's own. The exit code is 0 if nothing is lost, 1 if the preview failed, and 3 if data would be lost.
`;

/** The command `npm run comment`. */
export async function main(args: string[]): Promise<number> {
    const { from, address, help } = parse(args);
    if (help) {
        process.stdout.write(usage);
        return 0;
    }
    if (from === undefined) throw new UserError(`--from is missing.\n\n${usage}`);
    const { verdict, comments } = read(from);
    const request = pullRequestOf(process.env);
    const [first, ...others] = comments[request.host];
    const put = await putComments(request, [withAddress(first, address), ...others]);
    process.stdout.write(put ? "The comment is in place.\n" : "A newer run has written the comment: it was left alone.\n");
    if (verdict !== "losesData") return codes[verdict];
    if ((await request.labels()).includes(label)) {
        process.stdout.write(`Data would be lost, and the label ${label} accepts that.\n`);
        return codes.fine;
    }
    process.stderr.write(
        `Data would be lost: the comment on the pull request lists it. If that is meant, a maintainer sets the label ${label}.\n`);
    return codes.losesData;
}

/** The comment with the environment's address below its heading. Anything that isn't a plain address is left out. */
export function withAddress(comment: string, address: string | undefined): string {
    if (!address || !URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) return comment;
    const { href } = new URL(address);
    const shown = /^[\w.~:/?=&%+-]{1,300}$/.test(href) ? href : inlineCode(href);
    const heading = `## ${kinds.preview.heading}\n\n`;
    return comment.replace(heading, () => `${heading}The branch's environment: ${shown}\n\n`);
}

function read(directory: string): Written {
    const file = path.join(directory, writtenFile);
    try {
        const written = JSON.parse(fs.readFileSync(file, "utf8")) as Written;
        if (!Object.hasOwn(codes, written.verdict) || !Array.isArray(written.comments.github) || !Array.isArray(written.comments.gitlab)) throw new Error("it has another form");
        return written;
    } catch (error) {
        throw new UserError(`${file} can't be read: ${(error as Error).message}. "npm run preview -- --out ${directory}" writes it. Nothing was changed.`);
    }
}

function parse(args: string[]) {
    try {
        return parseArgs({ args, options: { from: { type: "string" }, address: { type: "string" }, help: { type: "boolean" } } }).values;
    } catch (error) {
        throw new UserError(`${(error as Error).message}\n\n${usage}`);
    }
}
