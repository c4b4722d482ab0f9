import * as z from "zod";
import { mostConnections, usualClientConnections } from "../../../components/platform/gateway/limits";
import { whole } from "../schema/fields";

/** A browser opens six connections by HTTP/1.1, and some people share an address everywhere. */
const leastClientConnections = 32;

/** `landfall:gateway`: the entrance to the cluster. All of its environments share it. */
export function gatewaySchema() {
    return z.strictObject({
        clientConnections: whole(leastClientConnections, mostConnections).optional().meta({
            description: "Connections that one client address may have to each of the gateway's proxies, by HTTP and as many by HTTPS. "
                + "Further ones are closed at once. People behind one address, as in an office, share them.",
            example: 1000,
            defaultText: `${usualClientConnections}, an eighth of what a proxy holds. Where the gateway doesn't see the clients' addresses, `
                + `${mostConnections}: all of it`,
            change: "in place; the proxies are replaced one by one",
        }),
    }).meta({
        description: "The gateway, for everything in the cluster.", example: { clientConnections: 1000 }, change: "in place",
    });
}

export type GatewaySettings = z.output<ReturnType<typeof gatewaySchema>>;
