import * as z from "zod";
import type { Traffic } from "../../../components/platform";
import { mostConnections, usualClientConnections } from "../../../components/platform/gateway/limits";
import { quantity as amount } from "../../../components/quantity";
import { requestTimes } from "../../../components/workload/limits";
import { quantity, whole } from "../schema/fields";

/** A browser opens six connections by HTTP/1.1, and some people share an address everywhere. */
const leastClientConnections = 32;

const clientConnections = () => whole(leastClientConnections, mostConnections).optional().meta({
    description: "Connections that one client address may have to each of the gateway's proxies, by HTTP and as many by HTTPS. "
        + "Further ones are closed at once. People behind one address, as in an office, share them.",
    example: 1000,
    defaultText: `${usualClientConnections}, an eighth of what a proxy holds. Where the gateway doesn't see the clients' addresses, `
        + `${mostConnections}: all of it`,
    change: "in place; the proxies are replaced one by one",
});

/** `landfall:gateway`: the entrance to the cluster. All of its environments share it. */
export function gatewaySchema() {
    return z.strictObject({ clientConnections: clientConnections() }).meta({
        description: "The gateway, for everything in the cluster.", example: { clientConnections: 1000 }, change: "in place", shared: false,
    });
}

/** `landfall:gateway` of a stack without an environment: also what it is ready for. The defaults carry WordPress with its own. */
export function platformGatewaySchema() {
    return z.strictObject({
        clientConnections: clientConnections(),
        pods: whole(1, 2000).default(13).meta({
            description: "Largest number of pods that answer requests, of all environments together, during an update too. The most "
                + "proxies are half as many.",
            example: 40,
        }),
        requests: whole(1, 1000000).default(4420).meta({
            description: "Requests that all pods of one environment handle or queue at once. A proxy passes on as many to one service.",
            example: 10000,
        }),
        requestSeconds: whole(1, 3600).default(60).meta({
            description: "Seconds that the slowest page of any environment may take to answer.", example: 120,
        }),
        largestTransfer: quantity("bytes", "1Mi").prefault("66Mi").meta({
            description: "Size of the largest upload or download of any environment. A file that an editor uploads has a form of 2Mi around it.",
            example: "258Mi",
        }),
    }).meta({
        description: "The gateway, for everything in the cluster. If `landfall:environment` is none, all keys but "
            + "`clientConnections` say what it is ready for; otherwise that follows from the stack's application.",
        example: { pods: 40, requests: 10000 }, change: "in place",
    });
}

export type GatewaySettings = z.output<ReturnType<typeof gatewaySchema>>;
export type PlatformGatewaySettings = z.output<ReturnType<typeof platformGatewaySchema>>;

/** What the gateway must handle. */
export function trafficOfGateway({ pods, requests, requestSeconds, largestTransfer }: PlatformGatewaySettings): Traffic {
    return { times: requestTimes({ requestSeconds, largestTransfer: Number(amount(largestTransfer) / 10n ** 9n) }), pods, requests };
}
