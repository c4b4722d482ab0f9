import { createHash } from "node:crypto";
import { labelVerdict } from "../../config/schema/verdicts";
import { UserError } from "../terminal/errors";

/** Most characters of a name. The program adds up to 13, as in the subject of the environment's CA, and 63 is the most in DNS. */
const longest = 50;
/** Most characters of the prefix, so that something of the branch is left. */
const longestPrefix = 20;
const digits = 8;

/** What a hash at the end looks like. A branch whose own name ends so gets one too, so it can't have another branch's name. */
const hashed = new RegExp(`(^|-)[0-9a-f]{${digits}}$`);

/**
 * The name of a branch's stack, namespace and host: the prefix and the branch. Whatever isn't a DNS label as it stands is
 * converted, and gets eight digits of the hash of the branch's full name, so that `Fix/login`, `fix/login` and `fix-login`
 * remain three.
 * @example "branch-fix-login", "branch-feature-shop-1a2b3c4d"
 */
export function environmentName(branch: string, prefix = "branch"): string {
    const verdict = labelVerdict(prefix, longestPrefix);
    if (verdict !== true) {
        throw new UserError(`landfall:environment.name in Pulumi.branch.yaml is ${prefix}: the names of all branches' environments begin `
            + `with it, so it must be a DNS label of at most ${longestPrefix} characters. Nothing was changed.`);
    }
    const room = longest - prefix.length - 1;
    const readable = branch.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
    if (readable === branch && branch.length <= room && !hashed.test(branch)) return `${prefix}-${branch}`;
    const hash = createHash("sha256").update(branch).digest("hex").slice(0, digits);
    const shortened = readable.slice(0, room - digits - 1).replace(/-+$/, "");
    return [prefix, shortened, hash].filter(Boolean).join("-");
}
