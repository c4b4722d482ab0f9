import { parseNetwork, rangesOverlap } from "../../../components/cluster/ipv4";
import { Violation } from "../schema/rule";

/** The default ranges of pods and services. */
export const subnets = { podSubnet: "10.244.0.0/16", serviceSubnet: "10.96.0.0/16" };

/** Pods and services need networks of their own. */
export function subnetsApart(
    { podSubnet, serviceSubnet }: { podSubnet: string; serviceSubnet: string },
): Violation | undefined {
    const [pods, services] = [parseNetwork(podSubnet), parseNetwork(serviceSubnet)];
    return !pods || !services || !rangesOverlap(pods, services) ? undefined : {
        keys: ["serviceSubnet", "podSubnet"], problem: "overlaps {cluster.podSubnet}",
        allowed: "two networks that have no address in common",
        example: subnets,
    };
}

/** The ports of HTTP and HTTPS must differ. */
export function differentPorts({ http, https }: { http: number; https: number }): Violation | undefined {
    return http !== https ? undefined : {
        keys: ["https", "http"], problem: "is the same port as {cluster.http}",
        allowed: "two different ports", example: { http, https: http < 32767 ? http + 1 : http - 1 },
    };
}
