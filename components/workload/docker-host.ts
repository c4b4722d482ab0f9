import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** A Docker context other than the default: Colima, Rancher Desktop and rootless Docker each create one. */
export interface DockerContext {
    name: string;
    /** Address of its daemon. @example "unix:///home/me/.colima/default/docker.sock" */
    host: string;
}

/**
 * The context that Docker's CLI uses, unless it is the default or DOCKER_HOST overrides it. Only the CLI knows contexts:
 * Pulumi's Docker provider uses DOCKER_HOST, otherwise the default socket.
 */
export function dockerContext(env: NodeJS.ProcessEnv = process.env): DockerContext | undefined {
    const name = env.DOCKER_HOST ? undefined : env.DOCKER_CONTEXT || currentContext(env);
    if (!name || name === "default") return undefined;
    const args = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}", name];
    const { status, stdout } = spawnSync("docker", args, { encoding: "utf8", env, windowsHide: true });
    return status === 0 && stdout.trim() ? { name, host: stdout.trim() } : undefined;
}

/** Says what to do if Pulumi's Docker provider wouldn't find the context's daemon; undefined if it does. */
export function hiddenDaemon(
    context: DockerContext | undefined, home = os.homedir(), defaultSocket = "/var/run/docker.sock",
): string | undefined {
    if (!context) return undefined;
    const found = [defaultSocket, path.join(home, ".docker/run/docker.sock")].find(socket => fs.existsSync(socket));
    if (found && sameFile(context.host.replace(/^unix:\/\//, ""), found)) return undefined;
    // Docker Desktop serves both pipes; Podman's and others' have other names.
    if (/^npipe:\/+\.\/pipe\/(docker_engine|dockerDesktop\w*)$/.test(context.host)) return undefined;
    return `Docker's context ${context.name} has its daemon at ${context.host}, where Pulumi's Docker provider doesn't look. ` +
        `Set DOCKER_HOST=${context.host} for pulumi, or run npm start, which does.`;
}

function currentContext(env: NodeJS.ProcessEnv): string | undefined {
    try {
        const file = path.join(env.DOCKER_CONFIG || path.join(os.homedir(), ".docker"), "config.json");
        return (JSON.parse(fs.readFileSync(file, "utf8")) as { currentContext?: string }).currentContext;
    } catch {
        return undefined; // no file, or one that Docker itself will reject
    }
}

function sameFile(one: string, other: string): boolean {
    try {
        return fs.realpathSync(one) === fs.realpathSync(other);
    } catch {
        return false;
    }
}
