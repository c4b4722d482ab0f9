import * as authorization from "@pulumi/azure-native/authorization";
import * as containerregistry from "@pulumi/azure-native/containerregistry";
import * as pulumi from "@pulumi/pulumi";
import { nodePlatform } from "../cloud/args";
import type { ImageDelivery, RegistryCredentials } from "../cluster";
import { rendering } from "../lookup";
import type { Scope } from "./args";
import { assignRole, type Identities } from "./identities";

export interface Registry {
    /** How images are pushed. Each call gets a new login, so only programs that build images call it. */
    delivery(): ImageDelivery;
    /** What the nodes need to pull. */
    rights: pulumi.Resource[];
}

/** The user name with which a registry accepts a token. */
const tokenUser = "00000000-0000-0000-0000-000000000000";

/**
 * Creates a registry without users of its own, from which only the nodes pull. Its tags can be moved, because Azure can only
 * lock images one by one. Pods name images by digest.
 */
export function createRegistry(scope: Scope, { kubelet }: Identities): Registry {
    const { name, args, defaults, tags, group, suffix, options } = scope;
    const { registry: sku } = defaults;
    const registry = new containerregistry.Registry(`${name}-registry`, {
        resourceGroupName: group.name,
        registryName: globalName(args.name, 50, suffix),
        location: args.location,
        tags,
        sku: { name: sku },
        adminUserEnabled: false,
        anonymousPullEnabled: false,
        zoneRedundancy: sku === "Premium" ? "Enabled" : undefined,
        // It can't be changed on an existing registry.
    }, { ...options, ignoreChanges: ["zoneRedundancy"] });
    const pull = assignRole(`${name}-pulls-images`, {
        role: "acrPull", principalId: kubelet.principalId, principalType: "ServicePrincipal", scope: registry.id,
    }, scope);
    const { loginServer } = registry;
    return {
        delivery: () => ({
            method: "push", registry: loginServer, platform: nodePlatform,
            credentials: credentialsOf(loginServer, scope),
        }),
        rights: [pull],
    };
}

/** A name of letters and digits only, and unique in the world, as registries and storage accounts need it. */
export function globalName(name: string, longest: number, suffix: pulumi.Output<string>): pulumi.Output<string> {
    return pulumi.interpolate`lf${name.replace(/-/g, "").slice(0, longest - 8)}${suffix}`;
}

/** A login for three hours, in exchange for the login of whoever runs the program. */
function credentialsOf(server: pulumi.Output<string>, { options }: Scope): RegistryCredentials {
    if (rendering()) return { username: tokenUser, password: pulumi.secret("token") };
    const password = server.apply(async host => {
        const { token } = await authorization.getClientToken({
            endpoint: "https://containerregistry.azure.net",
        }, options);
        return exchange(host, token);
    });
    return { username: tokenUser, password: pulumi.secret(password) };
}

/** Exchanges a token of Azure's for one of the registry's, by the registry's own protocol. */
async function exchange(host: string, token: string): Promise<string> {
    const response = await fetch(`https://${host}/oauth2/exchange`, {
        method: "POST",
        body: new URLSearchParams({ grant_type: "access_token", service: host, access_token: token }),
    }).catch((error: Error) => {
        throw new pulumi.RunError(`The registry ${host} can't be reached: ${String(error.cause ?? error.message)}`);
    });
    if (!response.ok) {
        throw new pulumi.RunError(`The registry ${host} refused the login (${response.status}): pushing images takes ` +
            "the role AcrPush, Contributor or Owner.");
    }
    return ((await response.json()) as { refresh_token: string }).refresh_token;
}
