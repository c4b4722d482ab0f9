import * as pulumi from "@pulumi/pulumi";

interface Numbers {
    ports: number[];
    uid: number;
    replicas?: { min: number; max: number };
}

/** Refuses numbers of a workload that Kubernetes would only refuse after other objects exist. `what` names it in the message. */
export function refuseNumbers(what: string, { ports, uid, replicas }: Numbers): void {
    const refuse = (key: string, given: unknown, allowed: string): never => {
        throw new pulumi.RunError(`The ${what} can't have ${key} ${JSON.stringify(given)}: ${allowed}. It was not changed.`);
    };
    const isWhole = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most;
    for (const port of ports) {
        if (!isWhole(port, 65535)) refuse("port", port, "a port is a whole number from 1 to 65535");
    }
    if (!isWhole(uid, 2 ** 31 - 1)) refuse("uid", uid, "a user ID is a whole number from 1, because 0 is root");
    if (replicas && (!isWhole(replicas.min, replicas.max) || !Number.isInteger(replicas.max))) {
        refuse("replicas", replicas, "min and max are whole numbers from 1, and min is at most max");
    }
}
