import * as path from "node:path";

/** What the suite's stack is called and where it answers; nothing of it is a user's own. */
export const names = {
    stack: "e2e",
    cluster: "landfall-e2e",
    environment: "development",
    host: "wordpress.localhost",
    http: 18880,
    https: 18843,
    podSubnet: "198.19.64.0/18",
    serviceSubnet: "198.19.128.0/20",
};

/** Address of the site as `npm start` prints it. */
export const address = `https://${names.host}:${names.https}`;

/** Root of the project: where Pulumi.yaml is. */
export const root = path.resolve(__dirname, "../../..");

/** Whether a namespace is one that the stack makes. */
export function isOurs(namespace: string): boolean {
    return namespace === names.environment || namespace.startsWith("landfall-");
}
