import { spawn } from "node:child_process";
import { existingImage } from "../../../components/workload/image-names";
import { run, succeeds } from "../../offline/kit/run";
import { type Fields, list, text } from "../status/fields";
import { condition, isDeleting, isLive, isTrue, nameOf, namespaceOf, type Observed, ownerKind, ownerName, workloadOf } from "../status/objects";
import { UserError } from "../terminal/errors";
import { type Identity, identityIn } from "./archive";
import { short } from "./bundle";

/** The image of a part, as its pods run it. */
export interface RunningImage {
    /** As the pods' specification names it. */
    reference: string;
    /** The digest that the nodes report: of the configuration, of a manifest or of an index. Empty if no node says so any more. */
    digest: string;
}

/** Names under which images are loaded into nodes, so no registry has them. */
const loaded = /^landfall\.local\//;

/**
 * The images of an environment's workloads.
 * @throws UserError if a workload runs none, or several, as in the middle of an update
 */
export function runningImages({ pods, jobs }: Pick<Observed, "pods" | "jobs">, environment: string, parts: string[], stack: string): Record<string, RunningImage> {
    const all = pods.filter(pod => namespaceOf(pod) === environment);
    return Object.fromEntries(parts.map(part => {
        const own = all.filter(pod => workloadOf(pod) === part && (ownerKind(pod) === "Job" ? isOfJob(part, pod) : isLive(pod)));
        const found = own.flatMap(pod => imageOf(pod, part) ?? []);
        const different = new Map(found.map(image => [`${image.reference} ${image.digest}`, image]));
        if (different.size === 1 && found.length === own.length) return [part, found[0]];
        const job = own.length === 0 ? jobs.find(each => namespaceOf(each) === environment && nameOf(each) === part && isTrue(condition(each, "Complete"))) : undefined;
        if (job) return [part, imageOfEnded(job, all)];
        const problem = own.length === 0 ? "no pod" : different.size > 1 ? `${different.size} versions: ${[...different.keys()].join(", ")}` : "a pod whose image isn't known yet";
        throw new UserError(
            `${part} in the stack "${stack}" runs ${problem}, so it can't be said what that stack runs.\n`
                + `Look at it: npm run status -- --stack ${stack}\nNothing was changed.`,
        );
    }));
}

/** What a container of a pod runs; undefined until its node says so. */
function imageOf(pod: Fields, container: string): RunningImage | undefined {
    const reference = text(list(pod, "spec", "containers").find(each => text(each, "name") === container), "image");
    const id = text(list(pod, "status", "containerStatuses").find(each => text(each, "name") === container), "imageID");
    const [digest] = /sha256:[0-9a-f]{64}$/.exec(id) ?? [];
    return digest === undefined ? undefined : { reference, digest };
}

/**
 * What a job ran that has no pod any more, as after its node is gone: the content that its image's name says, or what other pods
 * run under that name.
 */
function imageOfEnded(job: Fields, pods: Fields[]): RunningImage {
    const name = nameOf(job);
    const reference = text(list(job, "spec", "template", "spec", "containers").find(each => text(each, "name") === name), "image");
    const [named] = (loaded.test(reference) ? /sha256-[0-9a-f]{64}$/ : /sha256:[0-9a-f]{64}$/).exec(reference) ?? [];
    if (named !== undefined) return { reference, digest: named.replace("-", ":") };
    const same = pods.filter(isLive).flatMap(pod => list(pod, "spec", "containers").flatMap(each => imageOf(pod, text(each, "name")) ?? []))
        .filter(image => image.reference === reference).map(({ digest }) => digest);
    const [digest = "", ...others] = new Set(same);
    return { reference, digest: others.length === 0 ? digest : "" };
}

/** Whether it is the pod of a job's success. A scheduled task's Jobs have other names. */
function isOfJob(name: string, pod: Fields): boolean {
    return ownerName(pod) === name && text(pod, "status", "phase") === "Succeeded" && !isDeleting(pod);
}

/**
 * What a bundle says of each image: the digest of its content, or, of an image that the settings name, its reference by digest.
 * @param named the parts whose image the settings name, which any node pulls from its registry
 */
export async function bundledImages(
    running: Record<string, RunningImage>, named: string[], stack: string, identify: (reference: string) => Promise<Identity | undefined> = identityOf,
): Promise<Record<string, string>> {
    return Object.fromEntries(await Promise.all(Object.entries(running).map(async ([part, { reference, digest }]) => {
        if (digest === "") {
            const action = loaded.test(reference) ? `Change something of ${part} in the settings, such as an environment variable` : `Name the image of ${part} by its digest in the settings`;
            throw new UserError(
                `The job ${part} in the stack "${stack}" has no pod any more, as after its node is gone, so it can't be said which content ran under the name ${reference}.\n`
                    + `${action}, and bring the stack up, which runs the job again: npm start -- --stack ${stack}\nNothing was changed.`,
            );
        }
        if (named.includes(part) && !loaded.test(reference)) return [part, `${reference.replace(/@.*$/, "").replace(/:[\w][\w.-]*$/, "")}@${digest}`] as const;
        const identity = await identify(reference);
        if (identity && isSame(identity, digest, reference)) return [part, identity.content] as const;
        const state = identity ? `has other content under that name (${short(identity.content)})` : "doesn't have it";
        throw new UserError(
            `The pods of ${part} in the stack "${stack}" run ${reference} with the digest ${digest}, and this computer's Docker ${state}.\n`
                + `Promote on the computer from which "${stack}" was last brought up`
                + `${loaded.test(reference) ? "" : `, or get it: docker pull ${reference}`}; or bring it up from here and test again: npm start -- --stack ${stack}\nNothing was changed.`,
        );
    })));
}

/** Whether an image with this identity is what nodes report. What was pulled is known by the digest that it was asked for. */
function isSame({ content, manifests }: Identity, digest: string, reference: string): boolean {
    return digest === content || manifests.includes(digest) || reference.endsWith(`@${digest}`);
}

/**
 * What the target has to deploy for a bundle's images. What runs there already, with the same content under another name, keeps
 * its name: the same bytes under a new one would restart it, and the database is one server.
 */
export function deployedImages(
    images: Record<string, string>, tested: Record<string, RunningImage>, target: Record<string, RunningImage>,
): Record<string, string> {
    return Object.fromEntries(Object.entries(images).map(([part, wanted]) => {
        const { reference, digest } = target[part];
        const isSame = loaded.test(reference) && (digest === wanted || digest === tested[part].digest);
        return [part, isSame && reference !== existingImage(part, wanted) ? reference : wanted];
    }));
}

/** The parts that don't run what the bundle says, and what they run. */
export async function strangers(
    running: Record<string, RunningImage>, images: Record<string, string>, identify: (reference: string) => Promise<Identity | undefined> = identityOf,
): Promise<string[]> {
    const checked = await Promise.all(Object.entries(images).map(async ([part, wanted]) => {
        const { reference, digest } = running[part];
        if (!wanted.startsWith("sha256:")) return wanted === reference || wanted.endsWith(`@${digest}`) ? [] : [`${part} runs ${reference} (${digest}) instead of ${wanted}`];
        const identity = await identify(existingImage(part, wanted));
        const tag = wanted.replace(":", "-");
        // A registry has its own manifest. It got the content under this tag, and pods name the manifest by its digest.
        const pushed = reference.includes(tag) && reference.endsWith(`@${digest}`);
        return identity?.content === wanted && (pushed || isSame(identity, digest, "")) ? [] : [`${part} runs ${reference} (${digest}) instead of the content ${wanted}`];
    }));
    return checked.flat();
}

/** Gives each image of a bundle the name under which the program delivers it. Returns these names. */
export async function nameImages(running: Record<string, RunningImage>, images: Record<string, string>): Promise<string[]> {
    const content = Object.entries(images).filter(([, wanted]) => wanted.startsWith("sha256:"));
    for (const [part, wanted] of content) await run("docker", ["image", "tag", running[part].reference, existingImage(part, wanted)]);
    return content.map(([part, wanted]) => existingImage(part, wanted));
}

/** The identity of an image of this computer; undefined if Docker doesn't have it. */
export async function identityOf(reference: string): Promise<Identity | undefined> {
    if (!(await succeeds("docker", ["image", "inspect", reference]))) return undefined;
    const saving = spawn("docker", ["image", "save", reference], { stdio: ["ignore", "pipe", "ignore"], windowsHide: true });
    const ended = new Promise<number | null>((resolve, reject) => saving.on("error", reject).on("close", resolve));
    const [identity, code] = await Promise.all([identityIn(saving.stdout), ended]);
    if (code !== 0) throw new UserError(`docker image save ${reference} ended with code ${code}. Nothing was changed.`);
    return identity;
}
