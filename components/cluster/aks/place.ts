import { Provider } from "@pulumi/azure-native/provider";
import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { AksSettings } from "./sizes";

/** Where all that belongs to the cluster is made, and what it has in common. */
export interface Place {
    subscription: string;
    location: string;
    tags: Record<string, string>;
    /** The cluster's resource group. */
    group: resources.ResourceGroup;
    /** Six characters that make names unique in the world, and new ones after a destroy. */
    suffix: pulumi.Output<string>;
    /** Parent and provider. */
    options: pulumi.CustomResourceOptions;
}

export function createPlace(name: string, settings: AksSettings, parent: pulumi.Resource): Place {
    const provider = new Provider(`${name}-azure`, {
        subscriptionId: settings.subscription,
        tenantId: settings.tenant,
    }, { parent });
    const options = { parent, provider };
    const { location, subscription } = settings;
    const tags = { project: pulumi.getProject(), stack: pulumi.getStack(), ...settings.tags };
    const group = new resources.ResourceGroup(`${name}-group`, {
        resourceGroupName: settings.name, location, tags,
    }, options);
    const suffix = new random.RandomString(`${name}-suffix`, { length: 6, special: false, upper: false }, { parent });
    return { subscription, location, tags, group, suffix: suffix.result, options };
}

/** A name of letters and digits alone that is taken nowhere in the world. */
export function globalName(name: string, longest: number, { suffix }: Place): pulumi.Output<string> {
    return pulumi.interpolate`lf${name.replace(/-/g, "").slice(0, longest - 8)}${suffix}`;
}
