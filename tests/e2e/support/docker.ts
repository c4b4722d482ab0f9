import { ensureDocker, findProgram, stopDocker } from "../../../infra/offline/kit/docker";
import { run } from "../../../infra/offline/kit/run";
import { names } from "./names";

/** What Docker holds, by name or id. */
export interface Holdings {
    containers: string[];
    networks: string[];
    volumes: string[];
}

/** Docker brings these along. */
const builtin = ["bridge", "host", "none"];

/** What the suite and its machines make have names that begin so, and nothing else has. */
const ofSuites = /^landfall-(metal-)?e2e\b/;

/** Whether Docker answers. */
function dockerAnswers(): Promise<boolean> {
    return run("docker", ["info"]).then(() => true, () => false);
}

/**
 * What Docker holds now; nothing where it doesn't answer. Left out is what belongs to a kind cluster of another name:
 * its user may well be at work at the same time.
 */
export async function holdings(): Promise<Holdings> {
    if (!(await dockerAnswers())) return { containers: [], networks: [], volumes: [] };
    const all = await containers();
    const others = all.filter(({ cluster }) => cluster !== "" && cluster !== names.cluster);
    const theirs = new Set(others.flatMap(({ networks, volumes }) => [...networks, ...volumes]));
    const list = async (what: "network" | "volume") =>
        (await lines(what, "ls", "--format", "{{.Name}}")).filter(name => !builtin.includes(name) && !theirs.has(name));
    return {
        containers: all.filter(container => !others.includes(container)).map(({ name }) => name),
        networks: await list("network"),
        volumes: await list("volume"),
    };
}

/** What is in `now` and was not in `before`. */
export function added(now: Holdings, before: Holdings): Holdings {
    const only = (key: keyof Holdings): string[] => now[key].filter(name => !before[key].includes(name));
    return { containers: only("containers"), networks: only("networks"), volumes: only("volumes") };
}

/** Removes what is listed; what goes by itself meanwhile is fine. */
export async function remove({ containers, networks, volumes }: Holdings): Promise<void> {
    for (const name of containers) await attempt("rm", "--force", "--volumes", name);
    for (const name of networks) await attempt("network", "rm", name);
    for (const name of volumes) await attempt("volume", "rm", name);
}

/** What Docker holds where its daemon is only installed, and `npm start` would start it. */
export function holdingsAtRest(): Promise<Holdings> {
    return withDocker(holdings);
}

/**
 * Removes what a run of the suite has left that was killed with all its processes, as by a power cut. On a person's
 * computer it may be a stack that is kept for work on the tests: there it is an error that says what to do.
 */
export function removeLeftovers(): Promise<void> {
    return withDocker(async () => {
        if (!(await dockerAnswers())) return;
        const list = async (...args: string[]): Promise<string[]> => (await lines(...args)).filter(name => ofSuites.test(name));
        const left = {
            containers: await list("ps", "--all", "--format", "{{.Names}}"),
            networks: await list("network", "ls", "--format", "{{.Name}}"),
            volumes: await list("volume", "ls", "--format", "{{.Name}}"),
        };
        if (left.containers.length > 0 && !process.env.CI) {
            throw new Error(
                `An earlier run of the end-to-end tests has left containers: ${left.containers.join(", ")}. To go on with a stack that you ` +
                    "keep for work on the tests, name its directory in LANDFALL_E2E_DIR. Otherwise remove what is left: " +
                    `docker rm --force --volumes ${left.containers.join(" ")}`,
            );
        }
        await remove(left);
    });
}

/** Does what needs a Docker that answers, and leaves it as it was; where none is installed, it does it without. */
async function withDocker<T>(task: () => Promise<T>): Promise<T> {
    if ((await dockerAnswers()) || !(await findProgram("dockerd"))) return task();
    await ensureDocker(console.log);
    try {
        return await task();
    } finally {
        await stopDocker();
    }
}

/** Names of the cluster's nodes; none where the daemon has ended with the last of them. */
export async function nodeContainers(): Promise<string[]> {
    if (!(await dockerAnswers())) return [];
    return (await containers()).filter(({ cluster }) => cluster === names.cluster).map(({ name }) => name);
}

/** Runs a command on a node, as its root. */
export function onNode(node: string, ...command: string[]): Promise<string> {
    return run("docker", ["exec", node, ...command]);
}

interface Container {
    name: string;
    cluster: string;
    networks: string[];
    volumes: string[];
}

async function containers(): Promise<Container[]> {
    const ids = await lines("ps", "--all", "--quiet");
    if (ids.length === 0) return [];
    // One at a time: one that has gone meanwhile must not hide the others.
    const inspect = (id: string): Promise<string> => run("docker", ["inspect", "--type", "container", id]);
    const found = await Promise.all(ids.map(id => inspect(id).catch(() => "[]")));
    return found.flatMap(text => JSON.parse(text) as Inspected[]).map(({ Name, Config, NetworkSettings, Mounts }) => ({
        name: Name.replace(/^\//, ""),
        cluster: Config.Labels?.["io.x-k8s.kind.cluster"] ?? "",
        networks: Object.keys(NetworkSettings.Networks),
        volumes: Mounts.flatMap(mount => (mount.Type === "volume" ? [mount.Name ?? ""] : [])),
    }));
}

interface Inspected {
    Name: string;
    Config: { Labels?: Record<string, string> };
    NetworkSettings: { Networks: Record<string, unknown> };
    Mounts: { Type: string; Name?: string }[];
}

async function lines(...args: string[]): Promise<string[]> {
    return (await run("docker", args)).split("\n").filter(Boolean);
}

function attempt(...args: string[]): Promise<string> {
    return run("docker", args).catch(() => "");
}
