import { compareQuantities } from "../../components/quantity";
import { webDefaults } from "../../components/workload/defaults";
import { uncarriedDeploy } from "./keys";
import { type Node, objectOf, textOf } from "./node";
import type { Report } from "./report";
import { parseBytes } from "./values";

function mebibytesOf(node: Node | undefined, key: string, report: Report): string | undefined {
    if (node === undefined) return undefined;
    const bytes = parseBytes(textOf(node) ?? "");
    // Zero is no limit.
    return bytes === 0 ? undefined : bytes === undefined ? report.wrong(node, key, "a byte value, such as 512m") : `${Math.max(16, Math.ceil(bytes / 2 ** 20))}Mi`;
}

function cpuOf(node: Node | undefined, key: string, report: Report): string | undefined {
    if (node === undefined) return undefined;
    const cpus = Number(textOf(node));
    if (cpus === 0) return undefined;
    return Number.isFinite(cpus) && cpus > 0 ? `${Math.ceil(cpus * 1000)}m` : report.wrong(node, key, "a number of processors, such as 0.5");
}

/** What each of its containers may use. */
export function resourcesOf(name: string, entries: { [key: string]: Node }, report: Report): { cpu?: object; memory?: object } {
    const key = `services.${name}`;
    const resources = objectOf(objectOf(entries.deploy)?.resources);
    const limits = objectOf(resources?.limits) ?? {};
    const reservations = objectOf(resources?.reservations) ?? {};
    if (limits.pids) report.warn(limits.pids, `${key}.deploy.resources.limits.pids is left out: the nodes limit processes.`);
    for (const devices of ["devices", "generic_resources"].flatMap(each => reservations[each] ?? [])) {
        report.refuse(devices, `${key}.deploy.resources.reservations can't have devices: Landfall requests none.`);
    }
    const range = (limit: string | undefined, request: string | undefined, usual: { request: string; limit: string }, least: string) => {
        if (limit === undefined && request === undefined) return undefined;
        const atLeast = (value: string) => compareQuantities(value, least) < 0 ? least : value;
        const most = atLeast(limit ?? (compareQuantities(request!, usual.limit) > 0 ? request! : usual.limit));
        const wanted = request ?? usual.request;
        return { request: compareQuantities(wanted, most) > 0 ? most : wanted, limit: most };
    };
    const cpu = range(
        cpuOf(limits.cpus ?? entries.cpus, `${key}.deploy.resources.limits.cpus`, report),
        cpuOf(reservations.cpus, `${key}.deploy.resources.reservations.cpus`, report), webDefaults.cpu, "100m");
    const memory = range(
        mebibytesOf(limits.memory ?? entries.mem_limit, `${key}.deploy.resources.limits.memory`, report),
        mebibytesOf(reservations.memory ?? entries.mem_reservation, `${key}.deploy.resources.reservations.memory`, report), webDefaults.memory, "16Mi");
    return { ...(cpu && { cpu }), ...(memory && { memory }) };
}

/** The mode of Swarm's jobs. */
export const jobMode = "replicated-job";

/** What decides about a service's replicas besides the file. */
interface Nature {
    isJob: boolean;
    hasVolume: boolean;
    isServed: boolean;
}

/**
 * Compose starts one container unless told otherwise, and doesn't say whether a second would disturb it. Only one that serves
 * requests from outside, and keeps no files, gets replicas without being asked.
 */
export function replicasOf(name: string, entries: { [key: string]: Node }, { isJob, hasVolume, isServed }: Nature, report: Report): object {
    const deploy = objectOf(entries.deploy) ?? {};
    for (const [key, node] of Object.entries(deploy)) {
        if (["resources", "replicas", "mode"].includes(key) || key.startsWith("x-")) continue;
        if (Object.hasOwn(uncarriedDeploy, key)) report.warn(node, `services.${name}.deploy.${key} is left out: ${uncarriedDeploy[key].reason}.`);
        else report.refuse(node, `services.${name}.deploy.${key} is no key of the Compose specification`);
    }
    const mode = textOf(deploy.mode);
    if (mode !== undefined && mode !== "replicated" && !(isJob && mode === jobMode)) {
        report.refuse(deploy.mode, `services.${name}.deploy.mode ${mode} can't be carried over: the autoscaler sets the number of pods. Leave it out.`);
    }
    const node = deploy.replicas ?? entries.scale;
    if (isJob) return {};
    if (node === undefined) return hasVolume || isServed ? {} : { replicas: { min: 1, max: 1 } };
    const count = Number(textOf(node));
    if (!Number.isInteger(count) || count < 1) return report.wrong(node, `services.${name}.deploy.replicas`, "a whole number from 1") ?? {};
    // The environment's size determines the most.
    return { replicas: { min: count, ...((count === 1 || !isServed) && { max: count }) } };
}
