import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";

import type { Value, Values } from "../../values";

/** A resource as the program registered it. */
export interface Registration {
    type: string;
    name: string;
    urn: string;
    custom: boolean;
    /** URN of the parent; the stack itself has none. */
    parent?: string;
    /** Inputs, in which secrets keep the SDK's marker. */
    inputs: Values;
    /** `urn::id` of the explicit provider. */
    provider?: string;
    /** URNs of all resources that this one depends on, explicitly or through an input. */
    dependsOn: string[];
    /** The same, by input. */
    propertyDependencies: Record<string, string[]>;
    protect: boolean;
    retainOnDelete: boolean;
    /** URN of the resource whose deletion also deletes this one. */
    deletedWith?: string;
    /** Undefined if the program doesn't set it. */
    deleteBeforeReplace?: boolean;
    ignoreChanges: string[];
    replaceOnChanges: string[];
    /** The resource is replaced when this value changes to another. */
    replacementTrigger?: Value;
    additionalSecretOutputs: string[];
    /** Seconds after which an action fails, if the program sets them. */
    timeouts?: { create?: number; update?: number; delete?: number };
}

/**
 * Reads a request to register a resource as Pulumi's engine does: the whole chain of types in the URN, and `protect`,
 * `retainOnDelete` and `deletedWith` inherited from the parent unless the resource sets them.
 */
export function readRequest(
    request: RegisterResourceRequest,
    project: string,
    stack: string,
    parent: Registration | undefined,
): Registration {
    refuseUnsupported(request);
    const type = request.getType();
    const name = request.getName();
    const urn = createUrn(project, stack, parent?.urn, type, name);
    const dependencies = request.getPropertydependenciesMap();
    const deletedWith = request.getDeletedwith() || parent?.deletedWith;
    return {
        type,
        name,
        urn,
        custom: request.getCustom(),
        ...(parent && { parent: parent.urn }),
        inputs: (request.getObject()?.toJavaScript() ?? {}) as { [key: string]: Value },
        ...(request.getProvider() && { provider: request.getProvider() }),
        dependsOn: [...request.getDependenciesList()].sort(),
        propertyDependencies: Object.fromEntries(
            dependencies.toArray().map(([key]) => [key, dependencies.get(key)?.getUrnsList() ?? []]),
        ),
        protect: (request.hasProtect() ? request.getProtect() : parent?.protect) ?? false,
        retainOnDelete: (request.hasRetainondelete() ? request.getRetainondelete() : parent?.retainOnDelete) ?? false,
        // A resource can't name itself: the one that its siblings name is deleted on its own.
        ...(deletedWith && deletedWith !== urn && { deletedWith }),
        ...(request.getDeletebeforereplacedefined() && { deleteBeforeReplace: request.getDeletebeforereplace() }),
        ignoreChanges: request.getIgnorechangesList(),
        replaceOnChanges: request.getReplaceonchangesList(),
        ...(request.hasReplacementTrigger() && { replacementTrigger: request.getReplacementTrigger()?.toJavaScript() as Value }),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        ...timeoutsOf(request),
    };
}

/** The URN as Pulumi's engine builds it: with the types of all parents except the stack. */
export function createUrn(project: string, stack: string, parent: string | undefined, type: string, name: string) {
    const parentType = parent?.split("::")[2];
    const chain = parentType && parentType !== "pulumi:pulumi:Stack" ? `${parentType}$${type}` : type;
    return `urn:pulumi:${stack}::${project}::${chain}::${name}`;
}

function timeoutsOf(request: RegisterResourceRequest): Pick<Registration, "timeouts"> {
    const given = request.getCustomtimeouts()?.toObject();
    if (!given?.create && !given?.update && !given?.pb_delete) return {};
    const { create, update, pb_delete } = given;
    const entries = Object.entries({ create, update, delete: pb_delete }).filter(([, duration]) => duration !== "");
    return { timeouts: Object.fromEntries(entries.map(([action, duration]) => [action, seconds(duration)])) };
}

/** Seconds of a duration such as `1h30m` or `90s`. */
function seconds(duration: string): number {
    const units: Record<string, number> = { h: 3600, m: 60, s: 1 };
    return [...duration.matchAll(/([\d.]+)([hms])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit], 0);
}

function refuseUnsupported(request: RegisterResourceRequest): void {
    const unsupported = [
        request.getRemote() && "is a remote component",
        request.getImportid() && "uses the option `import`",
        request.getTransformsList().length > 0 && "uses the option `transforms` instead of `transformations`",
        request.getHooks() && "uses the option `hooks`",
        request.getReplaceWithList().length > 0 && "uses the option `replaceWith`",
    ].find(Boolean);
    if (unsupported) {
        throw new Error(`${request.getType()} "${request.getName()}" ${unsupported}, which only Pulumi's engine does`);
    }
}
