import * as z from "zod";
import { quantity as amount } from "../../../components/quantity";
import type { Traffic } from "../../../components/platform";
import { requestTimes } from "../../../components/workload/limits";
import { quantity, whole } from "../schema/fields";

/** `landfall:gateway`: what the gateway of a stack without an environment is ready for. The defaults carry WordPress with its own. */
export function gatewaySchema() {
    return z.strictObject({
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
        description: "What the gateway is ready for, in a stack whose `landfall:environment` is none. With an environment of its own, the "
            + "limits follow from its application.",
        example: { pods: 40, requests: 10000 }, change: "in place",
    });
}

export type GatewaySettings = z.output<ReturnType<typeof gatewaySchema>>;

/** What the gateway must handle. */
export function trafficOfGateway({ pods, requests, requestSeconds, largestTransfer }: GatewaySettings): Traffic {
    return { times: requestTimes({ requestSeconds, largestTransfer: Number(amount(largestTransfer) / 10n ** 9n) }), pods, requests };
}
