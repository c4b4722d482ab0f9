import { jobDefaults } from "../../../components/workload/defaults";
import { flag, whole } from "../schema/fields";
import type { Violation } from "../schema/rule";

/** Keys of a service that is a job. */
export const jobKeys = {
    job: flag().default(false).meta({
        description: "Whether it ends when its work is done, such as a database migration. It runs once, and again whenever its image, command or "
            + "settings change. Services that come `after` it wait until it has succeeded; if it fails, so does the update, and they stay as they were.",
        example: true, instead: ["port", "exposed"],
    }),
    deadlineSeconds: whole(1, 86_400).default(jobDefaults.deadlineSeconds).meta({
        description: "If it is a job: seconds within which it must succeed, three more tries and the wait for the database included. Then it is stopped.", example: 7200,
    }),
};

/** What only a container that stays has. */
export const ofStanding = ["port", "exposed", "replicas", "probes", "tasks"] as const;

interface Standing {
    job: boolean;
    port?: number;
    exposed: boolean;
    replicas?: { max: number };
    probes: object;
    tasks: object;
}

export function jobEnds(given: Standing): Violation | undefined {
    if (!given.job) return undefined;
    const { port, exposed, replicas, probes, tasks } = given;
    const isGiven = { port: port !== undefined, exposed, replicas: (replicas?.max ?? 1) > 1, probes: Object.keys(probes).length > 0, tasks: Object.keys(tasks).length > 0 };
    const key = ofStanding.find(each => isGiven[each]);
    return key && {
        keys: [key, "job"], problem: "has no effect on a job, which ends when its work is done", allowed: `nothing here; or leave {app.services.<name>.job} out`,
        example: { [key]: undefined, job: true },
    };
}
