export interface Snapshot {
    id: string;
    time: string;
    hostname: string;
}

export function chooseSnapshot(listed: string, cluster: { name: string; restore: string }): Snapshot;
