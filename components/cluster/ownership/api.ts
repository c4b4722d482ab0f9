import * as http from "node:http";
import * as https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

/** An answer of the API server other than success. */
class ApiError extends Error {
    constructor(readonly code: number, message: string) {
        super(message);
    }
}

/** How objects are asked for without what they hold: of definitions alone that would be megabytes. */
export type MetadataOnly = "PartialObjectMetadata" | "PartialObjectMetadataList";

/** Reads from a cluster's API. */
export class ClusterApi {
    private constructor(readonly server: URL, private readonly options: https.RequestOptions) {}

    /** Connects by a kubeconfig's current context, with the credentials or the helper program that it names. */
    static async connect(kubeconfig: string): Promise<ClusterApi> {
        const { KubeConfig } = await import("@kubernetes/client-node");
        const config = new KubeConfig();
        config.loadFromString(kubeconfig);
        const cluster = config.getCurrentCluster();
        if (!cluster) throw new Error(`the kubeconfig has no cluster for the context "${config.getCurrentContext()}"`);
        const options: https.RequestOptions = {};
        await config.applyToHTTPSOptions(options);
        return new ClusterApi(new URL(cluster.server), options);
    }

    /** What is at the path; undefined if there is nothing. Asks again for so many seconds while nobody answers. */
    async get<T>(path: string, patience: number, form?: MetadataOnly): Promise<T | undefined> {
        const end = Date.now() + patience * 1000;
        for (;;) {
            try {
                return JSON.parse(await this.send(path, form)) as T;
            } catch (error) {
                const code = error instanceof ApiError ? error.code : undefined;
                if (code === 404) return undefined;
                const passing = code === undefined || code === 429 || code >= 500;
                if (!passing || Date.now() >= end) throw error;
                await sleep(1000);
            }
        }
    }

    private send(path: string, form?: MetadataOnly): Promise<string> {
        const url = new URL(this.server.pathname.replace(/\/$/, "") + path, this.server);
        const { request } = url.protocol === "http:" ? http : https;
        const json = "application/json";
        const accept = form ? `${json};as=${form};g=meta.k8s.io;v=v1,${json}` : json;
        const headers = { ...this.options.headers, accept };
        return new Promise((resolve, reject) => {
            const sent = request(url, { ...this.options, headers, timeout: 10_000 }, response => {
                const parts: Buffer[] = [];
                response.on("data", (part: Buffer) => parts.push(part)).on("error", reject).on("end", () => {
                    const text = Buffer.concat(parts).toString();
                    const code = response.statusCode ?? 0;
                    return code === 200 ? resolve(text) : reject(new ApiError(code, messageOf(text) ?? `HTTP ${code}`));
                });
            });
            sent.on("timeout", () => sent.destroy(new Error("no answer within 10 s"))).on("error", reject).end();
        });
    }
}

/** What the API server says of a failure, which is not always the API server that answers. */
function messageOf(text: string): string | undefined {
    try {
        return (JSON.parse(text) as { message?: string }).message;
    } catch {
        return undefined;
    }
}
