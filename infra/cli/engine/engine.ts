import type { DnsRecord } from "../../../components/platform/dns";

/** The result of applying the stack. */
export interface Applied {
    /** The stack's outputs, including secrets in plain text: don't print them. */
    outputs: Outputs;
    /** Number of resources that were created, updated, replaced, deleted, or left unchanged. */
    changes: Record<string, number>;
}

/** The outputs of infra/index.ts that the commands use. */
export interface Outputs {
    address?: string;
    /** Where the gateway answers HTTPS; without the port if that is 443. */
    endpoint?: string;
    /** PEM; undefined if browsers trust the site's certificate anyway. */
    caCertificate?: string;
    /** DNS records that the site needs; undefined on a laptop. */
    dnsRecords?: DnsRecord[];
    kubeconfig?: string;
    adminUser?: string;
    adminPassword?: string;
    images?: string[];
}

/** A change that applying a stack would make. */
export interface PlannedChange {
    /** Pulumi's word for it, such as `update` or `delete`. */
    op: string;
    urn: string;
    type: string;
}

/** Names of the images that a state's resources have built on this computer. */
export function builtImages(resources: readonly { type: string; inputs?: Record<string, unknown> }[]): string[] {
    const images = resources.filter(({ type }) => type === "docker:index/image:Image");
    return images.map(({ inputs }) => inputs?.imageName).filter(name => typeof name === "string");
}

/** The changes as text: "12 created, 1 updated, 80 unchanged". */
export function describeChanges(changes: Record<string, number>): string {
    const words: Record<string, string> = {
        create: "created", update: "updated", replace: "replaced", delete: "deleted", same: "unchanged",
    };
    const parts = Object.entries(words).filter(([key]) => changes[key]).map(([key, word]) => `${changes[key]} ${word}`);
    return parts.join(", ") || "nothing to do";
}
