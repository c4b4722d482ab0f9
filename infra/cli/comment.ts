import { pullRequestOf } from "./comment/hosts";
import { putComments } from "./comment/put";
import { codes, verdictOf } from "./preview";
import { kinds, label, limits, renderComments } from "./preview/comment";
import { inlineCode } from "./preview/text";
import { readPlans } from "./preview/written";
import { UserError } from "./terminal/errors";
import { parseOptions, place, text } from "./terminal/options";

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

/** More comments than a person reads: then the check fails instead. */
const maxComments = 20;

/** The command `npm run comment`. It renders and judges the plans itself: the pull request's own code wrote them. */
export async function main(args: string[]): Promise<number> {
    const { from, address, help } = parseOptions(args, { from: place, address: text }, usage);
    if (help) {
        process.stdout.write(usage);
        return 0;
    }
    if (from === undefined) throw new UserError(`--from is missing.\n\n${usage}`);
    const plans = readPlans(from);
    const verdict = verdictOf(plans);
    const request = pullRequestOf(process.env);
    const [first, ...others] = renderComments(plans, limits[request.host]);
    if (others.length >= maxComments) {
        throw new UserError(`The list of lost data fills ${others.length + 1} comments; the limit is ${maxComments}. "npm run preview" shows it. Nothing was changed.`);
    }
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
