import type { DnsRecord } from "../../../components/platform/dns";

/** What came of applying the stack. */
export interface Applied {
    /** The stack's outputs, secrets in the clear: never to be printed as they are. */
    outputs: Outputs;
    /** How many resources were created, updated, replaced and deleted, and how many are the same. */
    changes: Record<string, number>;
}

/** The outputs of infra/index.ts that the commands use. */
export interface Outputs {
    address?: string;
    /** PEM; left out where the site's certificate is one that every browser trusts. */
    caCertificate?: string;
    /** What has to be in DNS for the site to be found; left out on a laptop. */
    dnsRecords?: DnsRecord[];
    kubeconfig?: string;
    adminUser?: string;
    adminPassword?: string;
    images?: string[];
}

/** Names of the images that a state's resources have built on this computer. */
export function builtImages(resources: readonly { type: string; inputs?: Record<string, unknown> }[]): string[] {
    const images = resources.filter(({ type }) => type === "docker:index/image:Image");
    return images.map(({ inputs }) => inputs?.imageName).filter(name => typeof name === "string");
}

/** A number of changes for people: "12 created, 1 updated, 80 unchanged". */
export function describeChanges(changes: Record<string, number>): string {
    const words: Record<string, string> = {
        create: "created", update: "updated", replace: "replaced", delete: "deleted", same: "unchanged",
    };
    const parts = Object.entries(words).filter(([key]) => changes[key]).map(([key, word]) => `${changes[key]} ${word}`);
    return parts.join(", ") || "nothing to do";
}
