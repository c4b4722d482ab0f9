import { controllerName, proxyName } from "../../../components/platform/gateway/names";
import { namespaces } from "../../../components/platform/namespaces";
import type { PlainSettings, PlatformSettings } from "../../config";
import { taskNameOf } from "../../config/sections/service-tasks";
import { usesDatabase } from "../../services/limits";

/** A part of a stack: the workloads whose pods belong to it, and where those are. */
export interface StackPart {
    workloads: string[];
    namespace: string;
    /** Whether its pods end when their work is done, so that there may be none. */
    ends?: boolean;
}

/** The parts by the names that people use for them. The first one is the usual one: what the host's requests go to. */
export function partsOf({ app, environment }: Pick<PlainSettings | PlatformSettings, "app" | "environment">): Record<string, StackPart> {
    const gateway = { workloads: [proxyName, controllerName], namespace: namespaces.gateway };
    if (app === undefined || environment === undefined) return { gateway };
    const own = (workload: string): StackPart => ({ workloads: [workload], namespace: environment.name });
    if (app.type === "wordpress") {
        return { web: own("web"), database: own("database"), gateway, tasks: { ...own("scheduled-tasks"), ends: true } };
    }
    const exposed = (name: string) => app.services[name].exposed ? 0 : 1;
    const names = Object.keys(app.services).sort((a, b) => exposed(a) - exposed(b) || app.services[a].path.length - app.services[b].path.length);
    const tasks = names.flatMap(name => Object.keys(app.services[name].tasks).map(task => taskNameOf(name, task)));
    return {
        ...Object.fromEntries(names.map(name => [name, { ...own(name), ...app.services[name].job && { ends: true } }])),
        ...usesDatabase(app) && { database: own("database") }, gateway,
        ...tasks.length > 0 && { tasks: { workloads: tasks, namespace: environment.name, ends: true } },
    };
}
