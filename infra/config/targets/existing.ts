import * as z from "zod";
import { knownText } from "../../../components/known-versions";
import { gatewayPorts } from "../../../components/cluster/cluster";
import { type Change, otherVolume } from "../schema/change";
import type { Context } from "../schema/defaults";
import { address, choice, flag, hostname, line, localPath, matching, objectName, platform, port, registry, target } from "../schema/fields";
import { rule, type Violation } from "../schema/rule";
import { loadBalancerKeys, needsLoadBalancer } from "./load-balancer";
import { differentPorts } from "./networks";

const elsewhere: Change =
    "in place if the API keeps its address; otherwise replaces everything in the cluster, without moving the data";

/** An existing cluster. */
export function existing({ project }: Pick<Context, "project"> = {}) {
    // A stack of Landfall's own program makes a platform, or shares one. Another program decides that by its components.
    const shares = ({ sharedPlatform, stack }: { sharedPlatform?: boolean; stack?: string }): boolean =>
        sharedPlatform ?? (project === undefined && stack?.split("/")[1] === "landfall");
    const keys = z.strictObject({
        target: target("existing", "Uses an existing cluster that someone else created."),
        kubeconfig: localPath("a file on this computer").optional().meta({
            description: "Kubeconfig file. If only `context` is set, it is kubectl's: $KUBECONFIG, otherwise ~/.kube/config.",
            example: "~/.kube/config", change: elsewhere,
        }),
        context: line(253).optional().meta({
            description: "Context within the kubeconfig.", example: "production",
            defaultText: "the file's current context", change: elsewhere,
        }),
        stack: matching("another stack as ORGANIZATION/PROJECT/STACK", /^[\w.-]+\/[\w.-]+\/[\w.-]+$/).optional().meta({
            description: "Stack that created the cluster and exports its kubeconfig, instead of `kubeconfig` and `context`. " +
                "With a local backend, the organization is `organization`.",
            example: "organization/clusters/prod", change: elsewhere,
        }),
        sharedPlatform: flag().optional().meta({
            description: "Whether the stack is one more environment on a cluster whose platform another stack of Landfall made: the gateway, "
                + "certificates, metrics and storage classes. It then uses them, and creates and deletes only what is its own. What the "
                + "platform knows of the cluster is the default of the other settings.",
            example: true,
            defaultText: "true if `stack` is a stack of Landfall (`…/landfall/…`), otherwise false",
            change: "in place before the first `up`. After that the preview refuses it: a platform stays with the stack that made it",
        }),
        output: matching("the name of an output: letters, digits, \"_\", \"-\" and \".\"", /^[\w.-]+$/)
            .default("kubeconfig")
            .meta({ description: "Output of `stack` that contains the kubeconfig.", example: "adminKubeconfig", change: elsewhere }),
        storageClass: objectName().optional().meta({
            description: "StorageClass of volumes that one pod writes to.", example: "gp3",
            defaultText: "the cluster's default class", change: otherVolume,
        }),
        sharedStorageClass: objectName().optional().meta({
            description: "StorageClass (ReadWriteMany) of volumes that pods on many nodes write to, such as uploads.",
            example: "efs", change: otherVolume,
        }),
        metrics: choice("builtin", "install").optional().meta({
            description: "Whether autoscalers use the metrics API that the cluster has, of any version and unchecked, or Landfall installs "
                + "metrics-server.",
            example: "builtin", defaultText: "the cluster's, if it has one of a version that Landfall knows; otherwise Landfall installs it",
        }),
        networkPolicy: choice("enforced", "unenforced", "unknown").default("unknown").meta({
            description: "Whether the cluster's network enforces network policies. Unless this is `enforced`, every run warns: any pod "
                + "could reach any other.",
            example: "enforced",
        }),
        loadBalancer: choice("LoadBalancer", "NodePort").default("LoadBalancer").meta({
            description: "How clients reach the gateway: at an address that the cluster assigns, or at a port of every node.",
            example: "NodePort",
        }),
        ...loadBalancerKeys({ example: { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal" } }),
        host: z.union([hostname(), address()]).default("127.0.0.1").meta({
            description: "With NodePort: host name or address of the nodes.", example: "198.18.0.10",
            allowed: "a host name or an IPv4 address",
        }),
        http: port(30000, 32767).default(gatewayPorts.http).meta({
            description: "With NodePort: HTTP port of every node.", example: 31080,
        }),
        https: port(30000, 32767).default(gatewayPorts.https).meta({
            description: "With NodePort: HTTPS port of every node.", example: 31443,
        }),
        registry: registry().optional().meta({
            description: "Registry to which the program pushes the images that it builds. Not needed if `landfall:app` " +
                "names all images.",
            example: "ghcr.io/example",
        }),
        platform: platform(),
        kubeletInsecureTls: flag().default(false).meta({
            description: "Whether the kubelets' certificates are self-signed, as kubeadm's and kind's are. metrics-server then accepts them.",
            example: true,
        }),
    });
    const checked = rule(keys, ["kubeconfig", "context", "stack"], ({ kubeconfig, context, stack }) => {
        const file = kubeconfig !== undefined || context !== undefined;
        const allowed = "either kubeconfig or context or both, or else stack alone";
        const example = { kubeconfig: "~/.kube/config", context: "production" };
        if (file === (stack !== undefined)) {
            return file
                ? { keys: ["stack", kubeconfig !== undefined ? "kubeconfig" : "context"], allowed, example,
                    problem: `also says where the cluster is` }
                : { keys: ["kubeconfig"], allowed, example, problem: "is missing: where is the cluster?" };
        }
        return undefined;
    });
    const balanced = rule(checked, ["loadBalancer", "loadBalancerAnnotations", "loadBalancerClass"], given =>
        given.loadBalancer === "LoadBalancer" ? undefined
            : needsLoadBalancer(given, "loadBalancer", { kubeconfig: "~/.kube/config", loadBalancer: "LoadBalancer" }));
    const shared = rule(balanced, ["sharedPlatform", "stack", ...ofPlatform], given => shares(given) ? othersSetting(given) : undefined);
    return rule(shared, ["http", "https"], differentPorts).transform(given => ({ ...given, sharedPlatform: shares(given) })).meta({
        description: "An existing cluster, reached with a kubeconfig file or another stack's output. Landfall uses what others installed in "
            + `it: cert-manager ${knownText("certManager")}, the Gateway API ${knownText("gatewayApi")}, metrics-server `
            + `${knownText("metricsServer")}. It refuses other versions by name, and installs what is missing.`,
        example: { target: "existing", kubeconfig: "~/.kube/config", context: "production" },
        change: "in place",
    });
}

/** The defaults of settings that only matter to whoever makes the platform. */
const usual = {
    loadBalancer: "LoadBalancer", loadBalancerAnnotations: "{}", loadBalancerClass: undefined, host: "127.0.0.1", ...gatewayPorts,
    metrics: undefined, kubeletInsecureTls: false,
};
const ofPlatform = Object.keys(usual) as (keyof typeof usual)[];

function othersSetting(given: { [key in keyof typeof usual]?: unknown }): Violation | undefined {
    const plain = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : value);
    const keys = ofPlatform.filter(key => plain(given[key]) !== usual[key]);
    return keys.length === 0 ? undefined : {
        keys: [...keys, "sharedPlatform"],
        problem: "has no effect: the gateway and metrics-server belong to the platform, which another stack made",
        allowed: `leave ${keys.length === 1 ? "it" : "them"} out; or sharedPlatform: false, on a cluster without a platform`,
        example: { target: "existing", stack: "organization/landfall/dev" },
    };
}
