import * as pulumi from "@pulumi/pulumi";
import { Capabilities } from "../cluster/cluster";

/** The policies are created in any case: a network that is installed later may enforce them. */
export function warnOfOpenNetwork({ networkPolicy }: Pick<Capabilities, "networkPolicy">, parent: pulumi.Resource): void {
    if (networkPolicy === "enforced") return;
    const so = networkPolicy === "unenforced" ? "The cluster's network doesn't enforce network policies"
        : "Whether the cluster's network enforces network policies isn't known";
    void pulumi.log.warn(`${so}. Without that any pod reaches any other, the database too, and everything outside.`, parent);
}
