import { drainSeconds, graceSeconds } from "../../../components/workload/defaults";
import { databaseLimits, largestText, requestTimes, surgePercent } from "../../../components/workload/limits";
import { mebibytes } from "../../../components/quantity";
import type { ServiceSettings, ServicesSettings } from "../../config";
import { allPodsOf, connectionsOfServices, kindOf, largestTransferOf, podsOf, trafficOfServices, usesDatabase } from "../../services/limits";
import type { Registered } from "../capture";
import { databaseRows, gatewayRows, type Row, row } from "./rows";

/** All limits of an application of services: the gateway's, each service's, and the database's if one uses it. */
export function servicesRows(app: ServicesSettings, resources: Registered[]): Row[] {
    const { times, pods } = trafficOfServices(app);
    const exposed = Object.entries(app.services).filter(([, service]) => service.exposed).map(([name]) => name).join(" and ");
    const reasons = {
        pods: `one for every two of ${pods} pods of ${exposed} at the most`,
        reception: "the largest request body on the slowest connection, and half a minute",
        idle: "a little more than a service may take to answer; a transfer that moves isn't idle",
        response: "of the slowest service: the answer, and the largest download on the slowest connection",
        requests: `what all pods of ${exposed} have in progress or waiting, and at least Envoy's own default`,
    };
    return [
        ...gatewayRows(times, reasons, resources),
        ...Object.entries(app.services).flatMap(([name, service]) => rowsOf(name, service)),
        ...usesDatabase(app) ? databaseOf(app) : [],
    ];
}

function rowsOf(name: string, service: ServiceSettings): Row[] {
    const { replicas, memory, cpu, requests, connections, requestSeconds, deadlineSeconds, largestTransfer, ephemeral, volumes } = service;
    const key = `app.services.${name}`;
    const kind = kindOf(service);
    const times = requestTimes({ requestSeconds, largestTransfer: largestTransferOf(service) });
    const most = kind === "job" ? "one: it runs once" : kind === "stateful" ? "one: its volumes are for a single pod"
        : `${key}.replicas.max ${replicas.max} and ${surgePercent} % for a rolling update`;
    const [grace, before] = kind === "web" ? [service.graceSeconds ?? times.drain + 5, drainSeconds] : [service.graceSeconds ?? graceSeconds, 0];
    return [
        row(name, "replicas at most", podsOf(service), most),
        row(name, "cpu", cpu.limit, `${key}.cpu.limit`),
        row(name, "memory", memory.limit, `${key}.memory.limit: a container that needs more is restarted`),
        ...Object.entries(ephemeral).map(([path, size]) => row(name, path, size, `${key}.ephemeral: a pod that writes more is evicted`)),
        ...Object.entries(volumes).filter(([, { of }]) => of === undefined).map(([path, { size }]) => row(name, path, size, `${key}.volumes: the claim's size`)),
        ...service.exposed ? [
            row(name, "requests", requests, `${key}.requests: what one pod has in progress or waiting`),
            row(name, "request timeout", `${times.response}s`, `${requestSeconds} s (requestSeconds), half a minute's wait, and ${largestTransfer} on the slowest connection`),
            row(name, "drain", `${times.drain}s`, "the longest request that may be in progress when it must stop"),
        ] : kind === "job" ? [row(name, "activeDeadlineSeconds", deadlineSeconds, `${key}.deadlineSeconds: it is stopped then, and has failed`)]
            : [row(name, "terminationGracePeriodSeconds", before + grace, `${key}.graceSeconds: from SIGTERM until it is killed${before > 0 ? `, and ${before} s before that` : ""}`)],
        ...Object.entries(service.tasks).map(([task, { deadlineSeconds }]) =>
            row(name, `a run of ${task}`, `${deadlineSeconds}s`, `${key}.tasks.${task}.deadlineSeconds: it is killed then`)),
        ...service.database ? [row(name, "database connections", allPodsOf(service) * connections, `${key}.connections ${connections} of each pod`)] : [],
    ];
}

function databaseOf(app: ServicesSettings): Row[] {
    const users = Object.values(app.services).filter(({ database }) => database);
    const requestSeconds = Math.max(...users.map(service => service.requestSeconds));
    const limits = databaseLimits(mebibytes(app.database.memory.limit), largestText);
    const opened = `all services' pods open ${connectionsOfServices(app)}`;
    return databaseRows(limits, requestTimes({ requestSeconds }), { users: opened, packet: "2 MiB of text with every byte escaped" });
}
