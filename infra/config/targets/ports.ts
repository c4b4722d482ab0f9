import { Violation } from "../rule";

/** The ports of HTTP and HTTPS must differ. */
export function differentPorts({ http, https }: { http: number; https: number }): Violation | undefined {
    return http !== https ? undefined : {
        keys: ["https", "http"], problem: "is the same port as {cluster.http}",
        allowed: "two different ports", example: { http, https: http < 32767 ? http + 1 : http - 1 },
    };
}
