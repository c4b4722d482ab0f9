import type { Connection } from "../../../components/cluster/kubernetes-api";
import { clean, duration } from "../status/fields";
import { type BranchRecord, readRecords } from "./records";
import { readUsage, type State } from "./usage";

/** An environment as `list` shows it. */
interface Listed extends Pick<BranchRecord, "branch" | "repository" | "address" | "by"> {
    stack: string;
    /** Times as in ISO 8601. */
    created: string;
    lastUse: string;
    state: State;
}

/** All branches' environments of the cluster. */
export async function listEnvironments(connection: Connection): Promise<Listed[]> {
    const records = await readRecords(connection);
    return Promise.all(records.map(async record => {
        const { state, used } = await readUsage(connection, record);
        return {
            branch: clean(record.branch), stack: record.name, repository: clean(record.repository),
            ...(record.address && { address: clean(record.address) }),
            created: record.created.toISOString(), lastUse: used.toISOString(), by: clean(record.by), state,
        };
    }));
}

/** The environments as a table for people. */
export function table(environments: Listed[], now = Date.now()): string {
    if (environments.length === 0) return "No branch has an environment. The first: npm run branch -- up";
    const several = new Set(environments.map(({ repository }) => repository)).size > 1;
    const ago = (time: string): string => duration(now - Date.parse(time));
    const rows = [
        ["BRANCH", "ADDRESS", "AGE", "LAST USE", "STATE", "BY", "REPOSITORY"],
        ...environments.map(({ branch, address = "none yet", created, lastUse, state, by, repository }) =>
            [branch, address, ago(created), `${ago(lastUse)} ago`, state, by, repository]),
    ].map(row => (several ? row : row.slice(0, -1)));
    const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)));
    return rows.map(row => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()).join("\n");
}
