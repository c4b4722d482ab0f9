import * as path from "node:path";
import { defaultUid } from "../../components/workload/defaults";
import { type Node, objectOf } from "./node";
import type { Report } from "./report";
import type { Converted } from "./service";

/**
 * Services that use the same volume in Compose share it. The one that is created first owns it, and the others refer to that one by `of`.
 * `given` has the settings that the stack's own file says of services.
 */
export function shareVolumes(
    volumes: { [key: string]: Node }, converted: Record<string, Converted>, given: Record<string, Record<string, unknown>>, report: Report,
): void {
    const mounts = Object.entries(converted).flatMap(([service, { sources }]) => Object.entries(sources).map(([directory, source]) => ({ service, directory, source })));
    const uidOf = (service: string) => given[service]?.uid ?? converted[service].settings.uid ?? defaultUid;
    for (const source of new Set(mounts.map(each => each.source))) {
        const [label, at] = Object.hasOwn(volumes, source) ? [`volumes.${source}`, volumes[source]]
            : [shown(source), objectOf(converted[mounts.find(each => each.source === source)!.service].node)!.volumes];
        const owners = mounts.filter(each => each.source === source).map(({ service }) => service);
        const below = mounts.find(each => each.source.startsWith(`${source}/`) && owners.some(owner => owner !== each.service));
        if (below) {
            report.refuse(at, `${shown(below.source)} of ${below.service} is within ${label}, and a volume can't be a part of another. Mount the whole volume in both.`);
            continue;
        }
        if (mounts.filter(each => each.source === source).every(({ service, directory }) => converted[service].onlyRead.includes(directory))) {
            report.refuse(at, `services.${mounts.find(each => each.source === source)!.service}.volumes: ${label} doesn't exist on this computer, and no service writes to it. Create it, or leave the mount out.`);
            continue;
        }
        const users = [...new Set(mounts.filter(each => each.source === source).map(({ service }) => service))];
        if (users.length < 2) continue;
        const other = users.find(user => uidOf(user) !== uidOf(users[0]));
        if (other !== undefined) {
            report.refuse(at, `${label} is used by ${users[0]} as user ${uidOf(users[0])} and by ${other} as user ${uidOf(other)}: neither could change the other's files. `
                + `Let both have the same \`user\`, or landfall:app.services.<name>.uid.`);
            continue;
        }
        const owner = users.find(user => !users.some(each => each !== user && comesAfter(user, each, converted))) ?? users[0];
        for (const { service, directory } of mounts.filter(each => each.source === source)) {
            const { settings } = converted[service];
            const all = settings.volumes as Record<string, object>;
            all[directory] = { ...all[directory], ...service === owner ? { accessMode: "ReadWriteMany" } : { of: owner } };
            if (!settings.job) settings.replicas ??= { min: 1, max: 1 };
        }
        report.warn(at, `${label} is shared by ${users.join(" and ")}: the cluster needs a StorageClass for ReadWriteMany volumes.`);
    }
}

/** A path as people write it. */
function shown(file: string): string {
    const relative = path.relative(process.cwd(), file);
    return relative.startsWith("..") ? file : relative;
}

function comesAfter(one: string, other: string, converted: Record<string, Converted>, seen: string[] = []): boolean {
    if (!Object.hasOwn(converted, one) || seen.includes(one)) return false;
    return (converted[one].settings.after as string[]).some(each => each === other || comesAfter(each, other, converted, [...seen, one]));
}
