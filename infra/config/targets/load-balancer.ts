import * as z from "zod";
import { isPlainKey, matching, text } from "../schema/fields";
import { refused } from "../schema/change";
import type { Violation } from "../schema/rule";
import { strangeCharacter } from "../schema/verdicts";

const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
/** A Kubernetes name with an optional prefix. */
const qualified = `(?=[^/]{1,253}/|[^/]+$)(${label}(\\.${label})*/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?`;
const annotationNames = new RegExp(`^(?!landfall\\.dev/)${qualified}$`);
const longestValue = 4096;

const otherClass = refused("a load balancer keeps the class that it was created with. Keep it, or delete the Service by hand "
    + "(`kubectl --namespace landfall-gateway delete service envoy`) and run this command again: the new load balancer has another "
    + "address, which the host's DNS record must then name");

/** What differs between targets. */
interface Target {
    /** An annotation. */
    example: Record<string, string>;
    /** Class if the user names none. @default "none" */
    defaultClass?: string;
    /** What an example of a class also needs. */
    beside?: Record<string, unknown>;
}

/** Settings of the gateway's Service on targets where it is of type LoadBalancer. */
export function loadBalancerKeys({ example, defaultClass = "none", beside }: Target) {
    const [entry] = Object.keys(example);
    const value = text(`text in quotes, at most ${longestValue} characters`, given =>
        given.length > longestValue ? `has ${given.length} characters` : strangeCharacter(given, /[^\p{Cs}\0]/u) ?? true);
    const names = "names of Kubernetes annotations such as example.com/name, none of landfall.dev";
    return {
        loadBalancerAnnotations: z.record(z.string().regex(annotationNames).refine(isPlainKey), value).default({}).meta({
            description: "Annotations of the gateway's load balancer, for whatever controls load balancers in the cluster. They prevail "
                + "over those that Landfall sets.",
            example, names, entry,
        }),
        loadBalancerClass: matching(
            "a class such as example.com/internal: letters, digits, \"-\", \"_\" and \".\", with an optional prefix",
            new RegExp(`^${qualified}$`),
        ).optional().meta({
            description: "Class of the gateway's load balancer, if several controllers create load balancers.",
            example: "example.com/internal", defaultText: defaultClass, change: otherClass, ...(beside && { beside }),
        }),
    };
}

/** Settings of a load balancer that the rules look at. */
export interface LoadBalancerSettings {
    loadBalancerAnnotations: Record<string, string>;
    loadBalancerClass?: string;
}

/** Without a load balancer, its settings have no effect; `why` names the key because of which there is none. */
export function needsLoadBalancer(
    { loadBalancerAnnotations, loadBalancerClass }: LoadBalancerSettings, why: string, example: object,
): Violation | undefined {
    const key = loadBalancerClass !== undefined ? "loadBalancerClass"
        : Object.keys(loadBalancerAnnotations).length > 0 ? "loadBalancerAnnotations" : undefined;
    return key && {
        keys: [key, why], problem: `has no effect: {cluster.${why}} gives the gateway ports of the nodes, and no load balancer`,
        allowed: "leave it out", example,
    };
}
