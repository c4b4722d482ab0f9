import * as path from "node:path";

import { directoryDigest } from "../../../components/workload/image";
import { runProcess } from "./process";
import type { Outcome } from "./monitor";
import type { Action, Handler } from "./types";
import { asObject, asString, unwrap, type Values } from "./values";

/**
 * `docker:index/image:Image` with `skipPush`: `docker build`. Like Pulumi's provider it builds again when the content of
 * the context changes, and leaves the image where it is on deletion.
 */
export const image: Handler = {
    check({ name, inputs }) {
        if (unwrap(inputs.skipPush ?? false) !== true) {
            throw new Error(`docker:Image "${name}" is to be pushed, which only Pulumi does; set skipPush`);
        }
        return { ...inputs, contextDigest: directoryDigest(path.resolve(buildOptions(inputs).context)) };
    },
    create: build,
    update: build,
    async delete() {
        // The image may be in use elsewhere.
    },
};

async function build(action: Action): Promise<Outcome> {
    const imageName = asString(action.inputs.imageName) ?? "";
    const { context, dockerfile, platform, target, network, args, builderVersion } = buildOptions(action.inputs);
    const buildArgs = Object.entries(args).map(([key, value]) => [key, String(value)] as const);
    const legacy = builderVersion === "BuilderV1" || !(await hasBuildx(action));
    await docker(
        { ...action, env: { ...action.env, ...Object.fromEntries(buildArgs), DOCKER_BUILDKIT: legacy ? "0" : "1" } },
        ["build", "--tag", imageName, "--file", path.resolve(dockerfile)],
        option("--platform", platform),
        option("--target", target),
        option("--network", network),
        // Without a value Docker takes it from the environment, so that none is on the command line.
        buildArgs.flatMap(([key]) => ["--build-arg", key]),
        [path.resolve(context)],
    );
    const repoDigest = await docker(action, ["image", "inspect", "--format", "{{.Id}}", imageName]);
    return { id: imageName, outputs: { ...action.inputs, imageName, baseImageName: imageName, repoDigest } };
}

function buildOptions(inputs: Values) {
    const build = asObject(inputs.build);
    const context = asString(build.context) ?? ".";
    return {
        context,
        dockerfile: asString(build.dockerfile) ?? `${context}/Dockerfile`,
        platform: asString(build.platform),
        target: asString(build.target),
        network: asString(build.network),
        builderVersion: asString(build.builderVersion),
        args: asObject(build.args),
    };
}

function option(name: string, value: string | undefined): string[] {
    return value === undefined ? [] : [name, value];
}

async function hasBuildx({ env }: Action): Promise<boolean> {
    return (await runProcess("docker", ["buildx", "version"], { env })).code === 0;
}

async function docker({ env, progress, timeout }: Action, ...args: string[][]): Promise<string> {
    const result = await runProcess("docker", args.flat(), { env, timeout, onLine: progress });
    if (result.code === 0) return result.stdout.trim();
    const written = (result.stdout + result.stderr).trim().split("\n").slice(-40).join("\n");
    throw new Error(`docker ${args[0][0]} ended with exit code ${result.code}:\n${written}`);
}
