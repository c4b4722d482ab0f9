import { taskDefaults } from "../../../components/workload/defaults";
import * as z from "zod";
import { byName, listOf, text, whole } from "../schema/fields";

const ranges = [[0, 59], [0, 23], [1, 31], [1, 12], [0, 6]] as const;
const taskName = /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/;

/** Cron's five fields, of numbers. */
function schedule() {
    return text('cron\'s five fields, of numbers, "*", "-", "/" and ","', given => {
        const fields = given.split(" ");
        return fields.length === ranges.length && fields.every((field, index) => isField(field, ranges[index]));
    });
}

function isField(field: string, [least, most]: readonly [number, number]): boolean {
    return field.split(",").every(part => {
        const [, first, last, step] = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part) ?? ["", "-1"];
        const [from, to] = [Number(first ?? least), Number(last ?? first ?? most)];
        return from >= least && to <= most && from <= to && step !== "0" && step !== "00";
    });
}

/** `landfall:app.services.<name>.tasks`. */
export function tasks() {
    const task = z.strictObject({
        schedule: schedule().meta({ description: "When it runs, in UTC.", example: "*/5 * * * *" }),
        command: listOf("arguments", z.string().meta({ allowed: "text" }), 1).meta({
            description: "Program and arguments, without a shell, in place of the image's ENTRYPOINT and CMD.", example: ["send-report", "--weekly"],
        }),
        deadlineSeconds: whole(1, 86_400).default(taskDefaults.deadlineSeconds).meta({
            description: "Seconds after which a run is killed, the wait for the database included. While one runs, the next one doesn't start.", example: 3600,
        }),
    }).meta({ description: "A command that runs to completion, one run at a time.", example: { schedule: "0 3 * * *", command: ["send-report"] } });
    return byName('lower-case letters, digits and "-", at most 20, beginning with a letter', taskName, "report", task).prefault({}).meta({
        description: "Commands that run on a schedule, each in a pod of its own with the service's image, environment, secrets, files, volumes, CPU "
            + "and memory.",
        example: { report: { schedule: "0 3 * * *", command: ["send-report"] } }, defaultText: "none",
    });
}

/** The name of a task's objects and of its pods. */
export function taskNameOf(service: string, task: string): string {
    return `${service}-${task}`;
}
