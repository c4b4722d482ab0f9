import { fieldManagers, isEngine, LiveObject } from "./classify";
import { keptFor, madeBy } from "./marks";

/** The message that lists conflicting objects with their owners, as far as known, and says what to do. */
export function refusal(foreign: LiveObject[], stack: string, server: string): string {
    const titleOf = (object: LiveObject): string =>
        [productOf(object), `made by ${ownerOf(object, stack)}`].filter(Boolean).join(", ");
    const lines = [...groupBy(foreign, titleOf)].flatMap(([title, objects]) => [`  ${title}:`, ...objectLines(objects)]);
    return [
        `The cluster ${server} already has objects that the stack ${stack} would make, but something else made them:`,
        "",
        ...lines,
        "",
        "Nothing was changed: Landfall neither adopts nor deletes what others made.",
        ...advice(foreign, stack),
        "If this stack made an object and its state was lost, hand the object over, then run the command again:",
        `  kubectl annotate KIND NAME ${keptFor}=${stack}`,
    ].join("\n");
}

/** The Gateway's class, which only a platform of Landfall has. */
const ofPlatform = { kind: "GatewayClass", name: "landfall" };

function advice(foreign: LiveObject[], stack: string): string[] {
    const others = foreign.filter(({ metadata: { annotations = {} } }) => annotations[madeBy] !== undefined && annotations[madeBy] !== stack);
    const owner = others.find(({ kind, metadata: { name } }) => kind === ofPlatform.kind && name === ofPlatform.name);
    const namespace = foreign.find(({ kind, metadata: { name } }) => kind === "Namespace" && !name.startsWith("landfall-"));
    const isThere = (product: string): boolean => foreign.some(object => productOf(object)?.startsWith(product));
    const usable = ["cert-manager", "Gateway API"].filter(isThere).join(" and ");
    return [
        ...(owner === undefined ? [] : [
            `The stack ${owner.metadata.annotations?.[madeBy]} made this cluster's platform. To add an environment that shares it, set `
                + "landfall:cluster: { target: existing, sharedPlatform: true } with the cluster's kubeconfig or stack.",
        ]),
        ...(namespace === undefined ? [] : [
            `The namespace ${namespace.metadata.name} is taken: choose another landfall:environment.name.`,
        ]),
        "Otherwise choose another cluster in landfall:cluster. Or, if nobody needs these objects any more, remove them the way "
            + "they were installed: a stack with its own `npm run down`.",
        ...(isThere("metrics-server") ? ["metrics-server stays and is used, unless landfall:cluster.metrics is install."] : []),
        ...(usable ? [`${usable}: a program with the library uses what findPresent finds, and passes that to createCluster.`] : []),
    ];
}

function objectLines(objects: LiveObject[]): string[] {
    return [...groupBy(objects, ({ kind }) => kind)]
        .map(([kind, ofKind]) => `    ${kind} ${ofKind.map(nameOf).sort().join(", ")}`);
}

/** `namespace/name`, or `name`. */
export function nameOf({ metadata: { namespace, name } }: LiveObject): string {
    return namespace ? `${namespace}/${name}` : name;
}

/** Products by the domain of their CRDs. */
const products: [end: string, product: string][] = [
    ["cert-manager.io", "cert-manager"],
    ["gateway.networking.k8s.io", "Gateway API"],
    ["projectcontour.io", "Contour"],
    ["metallb.io", "MetalLB"],
    ["metrics.k8s.io", "metrics-server"],
];

/** Product and version of an object that no stack of Landfall created. */
function productOf({ metadata: { name, labels = {}, annotations = {} } }: LiveObject): string | undefined {
    if (annotations[madeBy] !== undefined) return undefined;
    const [, product = undefined] = products.find(([end]) => name.endsWith(`.${end}`)) ?? [];
    const version = annotations["gateway.networking.k8s.io/bundle-version"] ?? labels["app.kubernetes.io/version"]
        ?? /-(v?\d+\.\d.*)$/.exec(labels["helm.sh/chart"] ?? "")?.[1];
    return [product ?? labels["app.kubernetes.io/name"], version].filter(Boolean).join(" ");
}

/** Who created an object. */
export function ownerOf({ metadata }: LiveObject, stack: string): string {
    const { labels = {}, annotations = {} } = metadata;
    const maker = annotations[madeBy];
    if (maker === stack) return `another stack named ${maker}, or this one before its state was lost`;
    if (maker !== undefined) return `the stack ${maker}`;
    const release = annotations["meta.helm.sh/release-name"];
    if (release) return `the Helm release ${release} in the namespace ${annotations["meta.helm.sh/release-namespace"]}`;
    const kustomization = labels["kustomize.toolkit.fluxcd.io/name"];
    if (kustomization) return `Flux's Kustomization ${kustomization}`;
    const application = annotations["argocd.argoproj.io/tracking-id"]?.split(":")[0];
    if (application) return `Argo CD's Application ${application}`;
    const manager = labels["app.kubernetes.io/managed-by"];
    if (manager) return manager;
    if (/^landfall[-:]/.test(metadata.name)) return "a stack of a Landfall version that didn't annotate objects";
    const [first] = fieldManagers(metadata);
    if (first === undefined) return "someone unknown";
    if (isEngine(first)) return "an unknown Pulumi program";
    return first.startsWith("kubectl") ? "kubectl" : first;
}

/** Groups items by key, in the order in which the keys first occur. */
function groupBy<T>(items: T[], keyOf: (item: T) => string): Map<string, T[]> {
    const groups = new Map<string, T[]>();
    for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
    return groups;
}
