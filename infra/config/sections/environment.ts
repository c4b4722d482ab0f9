import * as z from "zod";
import { namespaces } from "../../../components/platform/namespaces";
import { priorities, type Priority } from "../../../components/workload/priority";
import { refused } from "../schema/change";
import { Context, toDnsLabel } from "../schema/defaults";
import { choice, hostname, quantity, text, whole } from "../schema/fields";
import { rule, type Violation } from "../schema/rule";
import { labelVerdict } from "../schema/verdicts";
import { Target } from "../targets";
import { aliases, hostsDiffer, redirects } from "./hosts";
import { sizes } from "./sizes";
import { completeTls, fitsHosts, tlsSchema } from "./tls";

/** Targets on this computer, where a name under .localhost reaches the application. */
const laptops: Target[] = ["kind", "minikube"];
/** Targets whose cluster a cloud's provider creates. */
const clouds: Target[] = ["eks", "gke", "aks"];
/** Whether the cluster is on this computer. */
export function isLaptop(target: Target): boolean {
    return laptops.includes(target);
}

/** Whether the cluster is in a cloud, which requires Pulumi's own providers. */
export function isCloud(target: Target): boolean {
    return clouds.includes(target);
}

const laptopHost = "wordpress.localhost";
/** Environments whose data is deleted with them. */
const disposable = ["development", "dev"];

const mostImportant = /^(prod|production|live)$/;
/** Names of environments that people can wait for, and beginnings of the names of branches. */
const leastImportant = /^((dev|development|test|testing|preview|sandbox|feature|feat|fix|bugfix|hotfix|branch|review|dependabot|renovate)(?![a-z])|(pr|mr|issue)-?\d)/;

/** The priority of an environment with this name, unless its settings say otherwise. */
function usualPriority(name: string): Priority {
    return mostImportant.test(name) ? "high" : leastImportant.test(name) ? "low" : "normal";
}

function namespace() {
    return text("a DNS label of at most 63 characters; not default, not beginning with kube-, and not a namespace of the platform", name => {
        if (name === "default" || name.startsWith("kube-")) return "is a namespace of Kubernetes' own";
        return !Object.values(namespaces).includes(name) ? labelVerdict(name, 63) : "is a namespace of the platform's own";
    });
}

/** Minutes: six seconds, to try it out, and a week. */
const leastSleep = 0.1;
const mostSleep = 7 * 24 * 60;

/** Visitors of a production site would wait for it, and nobody would notice that it doesn't wake. */
function productionStaysAwake(
    { name, priority = usualPriority(name), size, sleepAfter }: { name: string; priority?: Priority; size: string; sleepAfter?: number },
): Violation | undefined {
    if (sleepAfter === undefined || (priority !== "high" && size !== "large")) return undefined;
    const isLarge = size === "large";
    return {
        keys: ["sleepAfter", isLarge ? "size" : "priority"],
        problem: `can't be set for ${isLarge ? "a large environment" : "an environment of high priority"}`,
        allowed: `leave it out; or ${isLarge ? "small or medium in {environment.size}" : "normal or low in {environment.priority}"}`,
        example: { ...(isLarge ? { size: "medium" } : { priority: "normal" }), sleepAfter },
    };
}

/** Each key's default depends on the application, see sections/together.ts. */
function quota() {
    const keys = {
        cpu: quantity("cpu").optional().meta({ description: "Sum of the pods' CPU limits.", example: "32" }),
        memory: quantity("bytes").optional().meta({ description: "Sum of the pods' memory limits.", example: "32Gi" }),
        storage: quantity("bytes").optional().meta({ description: "Sum of the volumes' sizes.", example: "100Gi" }),
        ephemeralStorage: quantity("bytes").optional().meta({
            description: "Sum of the pods' limits on what they write to their nodes' disks: logs and scratch space.", example: "50Gi",
        }),
        pods: whole(1, 100000).optional().meta({ description: "Largest number of pods.", example: 100 }),
    };
    const defaultText = "what the application needs at its largest, and room for four small pods";
    const described = Object.fromEntries(Object.entries(keys).map(([key, schema]) => [key, schema.meta({
        ...schema.meta(), defaultText: key === "storage" ? "twice what the application's volumes need" : defaultText,
    })])) as typeof keys;
    return z.strictObject(described).prefault({}).meta({
        description: "What all pods of the environment may use together.", example: { cpu: "32" },
    });
}

/** `landfall:environment`: the namespace and its limits. */
export function environmentSchema(context: Context) {
    // Without a valid target, a missing host isn't worth reporting yet.
    const laptop = laptops.some(target => target === context.target);
    const host = laptop || context.target === undefined ? hostname().default(laptopHost) : hostname();
    const keys = z.strictObject({
        name: namespace().prefault(toDnsLabel(context.stack)).meta({
            description: "Name of the environment and of its namespace.", example: "production",
            defaultText: "`<stack>`",
            change: refused("the new environment would start empty. Keep the name, or create the new environment as a stack of its own and "
                + "move the data there. If `volumes` is delete, the change replaces everything in the environment, including the data"),
        }),
        host: host.meta({
            description: "Host name at which the application answers, and that people see.", example: "www.example.com",
            defaultText: `\`${laptopHost}\` if target is ${laptops.join(" or ")}, otherwise required`,
            change: "in place. WordPress replaces the old address in the site's content. Put the old name in `redirects`",
        }),
        aliases: aliases(),
        redirects: redirects(),
        tls: tlsSchema().prefault({}).meta({
            description: "HTTPS: the gateway has a certificate for each host, and redirects HTTP to HTTPS.",
            example: laptop ? { issuer: "ca" } : { issuer: "acme", email: "ops@example.com" },
            // No public CA can reach a laptop.
            ...(laptop && { beside: { server: "https://acme.corp.internal/directory" } }),
        }),
        volumes: choice("delete", "retain").optional().meta({
            description: "What happens to the data when the environment is destroyed. With `retain`, the namespace and its volumes "
                + "stay, and the next `up` of a stack with the same name uses them again. With `delete`, the namespace is deleted "
                + "with everything in it, whoever put it there: the namespace belongs to the stack.",
            example: "retain",
            defaultText: `delete if the name is ${disposable.join(" or ")}, otherwise retain`,
        }),
        images: choice("delete", "retain").default("retain").meta({
            description: "What happens to the images that were built for the environment when it is destroyed. With `retain`, they stay, and "
                + "other environments with the same sources share them. With `delete`, the environment's images have names of their own, and "
                + "are deleted with it, on the nodes or in the registry. There, each has a repository whose name begins with the "
                + "environment's. In the stack of a cloud's cluster, it has no effect: the images are deleted with the cluster's registry. "
                + "`npm run branch` sets `delete`, unless Pulumi.branch.yaml says `retain`.",
            example: "delete", change: "in place: pods are replaced one by one, and the database restarts, because their images have other names",
        }),
        size: choice(...sizes).default("medium").meta({
            description: "How much traffic it is for: sets the defaults of replicas, CPU and memory in `landfall:app`, which the quota follows.",
            example: "small", change: "in place; the database restarts if its memory changes",
        }),
        priority: choice(...priorities).optional().meta({
            description: "Which environments of the cluster are scheduled first and evicted last. On a full cluster, pods of a lower "
                + "priority make room for those of a higher one, unless the cluster existed before Landfall.",
            example: "high",
            defaultText: "high if the name is production, prod or live; low if it is development, dev, test, preview or sandbox, or "
                + "begins as a branch's does, such as feature-, fix- or pr-; otherwise normal",
        }),
        sleepAfter: z.number().min(leastSleep).max(mostSleep).optional().meta({
            description: "Minutes without a request after which the environment sleeps: its pods stop, and scheduled tasks rest. The next "
                + "request waits until it is awake. Not for production.",
            example: 60, defaultText: "never", beside: { priority: "low" },
            allowed: `a number of minutes from ${leastSleep} to ${mostSleep}`,
            change: "in place. Turning it off is refused while the environment sleeps",
        }),
        quota: quota(),
    });
    const distinct = rule(keys, ["host", "aliases", "redirects"], hostsDiffer);
    const sleeping = rule(distinct, ["name", "priority", "size", "sleepAfter"], productionStaysAwake);
    return rule(sleeping, ["host", "aliases", "redirects", "tls"], ({ tls, ...hosts }) => fitsHosts(tls, hosts, laptop, context.obstacle)).transform(given => {
        const { priority, volumes, tls, ...environment } = given;
        const usual: "delete" | "retain" = disposable.includes(environment.name) ? "delete" : "retain";
        return {
            ...environment, tls: completeTls(tls, environment.host, laptop), volumes: volumes ?? usual,
            priority: priority ?? usualPriority(environment.name),
        };
    }).meta({
        description: "The namespace, with its security, quota and limits: production, UAT, development, or one per git branch. With the word "
            + "`none` instead of these keys, the stack is only a cluster with its platform, for the environments of other stacks; see "
            + "`landfall:gateway`.",
        example: { name: "production", host: "www.example.com" }, word: "none",
        change: "in place", shared: false,
    });
}

export type EnvironmentSettings = z.output<ReturnType<typeof environmentSchema>>;
