import { configFile } from "../stack/home";
import { hasSalt, hasSecrets } from "../stack/passphrase";
import { UserError } from "../terminal/errors";

/**
 * The error of an operation that Pulumi couldn't finish.
 * @param reported the errors among the engine's events; without any, the CLI's message counts
 * @param findCauses why objects aren't ready, asked only if that is a reason
 */
export async function explainFailure(reported: string[], message: string, findCauses?: () => Promise<string[]>): Promise<UserError> {
    const reasons = (reported.length > 0 ? reported : [lastWords(message)]).map(explainExisting);
    const causes = reasons.some(isLate) ? await findCauses?.() ?? [] : [];
    return new UserError(`Pulumi could not finish:\n\n${withCauses(reasons, causes).join("\n\n")}`);
}

/** What the CLI wrote to its standard error, without its progress. */
function lastWords(message: string): string {
    const written = / stderr: ([\s\S]*?)\n err\?:/.exec(message)?.[1] ?? message;
    const progress = /^(@ |Updating|Destroying| +\S? +pulumi:)/;
    return written.split("\n").filter(line => line.trim() && !progress.test(line)).slice(0, 20).join("\n");
}

/** Whether Pulumi reports that an object was created and didn't become ready. */
function isLate(reason: string): boolean {
    return reason.includes("failed to fully initialize or become live");
}

/** Pulumi's reasons. The causes replace its report that an object isn't ready, if one of them is about that object. */
export function withCauses(reasons: string[], causes: string[]): string[] {
    if (causes.length === 0) return reasons;
    const isExplained = (object: string): boolean => causes.some(cause => cause.includes(` ${object}`) || cause.startsWith("! Node"));
    const late = reasons.filter(isLate).map(reason => ({ reason, object: /reported that "([^"]+)"/.exec(reason)?.[1] ?? "an object" }));
    const rest = reasons.filter(reason => !isLate(reason) && reason !== "update failed");
    const unexplained = late.filter(({ object }) => !isExplained(object)).map(({ reason }) => reason);
    return [...rest, ...unexplained, [`${late.map(({ object }) => object).join(", ")} didn't become ready:`, ...causes].join("\n")];
}

/** Why a stack can't be opened: the passphrase has an explanation of its own. */
export function explainOpening(stack: string, error: Error): Error {
    if (!/incorrect passphrase|passphrase must be set/i.test(error.message)) return error;
    const file = configFile(stack);
    const advice = hasSalt(file) && !hasSecrets(file)
        ? `If that passphrase is lost and the stack is not in use, remove the line "encryptionsalt:" from ${file}.`
        : "";
    return new UserError(
        `The passphrase is not the one that the stack "${stack}" was made with. Set PULUMI_CONFIG_PASSPHRASE or ` +
            `PULUMI_CONFIG_PASSPHRASE_FILE to that one. ${advice}`.trim(),
    );
}

const inTheWay = "resource already exists in the cluster";

/**
 * Pulumi's message about an object that already exists, without its advice to take the object over: the stack would later
 * delete it, whoever created it.
 */
export function explainExisting(reason: string): string {
    if (!reason.includes(inTheWay)) return reason;
    const [, object = "An object"] = /(\S+ "[^"]+") already exists/.exec(reason) ?? [];
    return `${object} exists already: someone has made it since Landfall looked at the cluster. It was left alone. `
        + "Run the command again: it says who created the object, and adopts it only if this stack did.";
}
