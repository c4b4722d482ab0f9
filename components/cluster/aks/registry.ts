import * as authorization from "@pulumi/azure-native/authorization";
import * as containerregistry from "@pulumi/azure-native/containerregistry";
import * as pulumi from "@pulumi/pulumi";
import { nodePlatform } from "../cloud/platform";
import type { ImageDelivery, RegistryCredentials } from "../cluster";
import { rendering } from "../lookup";
import type { Identities } from "./identities";
import { globalName, Place } from "./place";
import { assignRole } from "./roles";
import type { AksSettings } from "./sizes";

export interface Registry {
    /** How images are pushed, with a new login: asked for only by who builds images. */
    delivery(): ImageDelivery;
    /** What the nodes need to pull. */
    rights: pulumi.Resource[];
}

/** The name that stands for "by a token" where a registry asks for a user. */
const tokenUser = "00000000-0000-0000-0000-000000000000";

/**
 * A registry without users of its own, from which the nodes alone pull. Tags can be moved in it, as Azure only locks
 * images one by one: pods take images by digest.
 */
export function createRegistry(
    name: string, settings: AksSettings, { kubelet }: Identities, place: Place,
): Registry {
    const { registry: sku } = settings.sized;
    const registry = new containerregistry.Registry(`${name}-registry`, {
        resourceGroupName: place.group.name,
        registryName: globalName(settings.name, 50, place),
        location: place.location,
        tags: place.tags,
        sku: { name: sku },
        adminUserEnabled: false,
        anonymousPullEnabled: false,
        zoneRedundancy: sku === "Premium" ? "Enabled" : undefined,
        // A registry keeps what it was made with.
    }, { ...place.options, ignoreChanges: ["zoneRedundancy"] });
    const pull = assignRole(`${name}-pulls-images`, {
        role: "acrPull", principalId: kubelet.principalId, principalType: "ServicePrincipal", scope: registry.id,
    }, place);
    const { loginServer } = registry;
    return {
        delivery: () => ({
            method: "push", registry: loginServer, platform: nodePlatform,
            credentials: credentialsOf(loginServer, place),
        }),
        rights: [pull],
    };
}

/** A login for three hours, in exchange for that of the person or pipeline who runs the program. */
function credentialsOf(server: pulumi.Output<string>, { options }: Place): RegistryCredentials {
    if (rendering()) return { username: tokenUser, password: pulumi.secret("token") };
    const password = server.apply(async host => {
        const { token } = await authorization.getClientToken({
            endpoint: "https://containerregistry.azure.net",
        }, options);
        return exchange(host, token);
    });
    return { username: tokenUser, password: pulumi.secret(password) };
}

/** The registry's own protocol: a token of Azure's for one of its own. */
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
