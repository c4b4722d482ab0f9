import { parseNetwork, rangesOverlap } from "../../../components/cluster/ipv4";
import { Violation } from "../rule";

/** The ranges of pods and services that are taken where none are named. */
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
