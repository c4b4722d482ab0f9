import type { Provider } from "@pulumi/pulumi/provider";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { asObject, asString, secret, Values } from "../../values";
import { Failed, killAll, run } from "./run";
import { refuse, serve, show, versionOf } from "./serve";

const image = "docker:index/image:Image";
const supported = { [image]: ["imageName", "build", "skipPush", "buildOnPreview"] };
const supportedBuild = { [image]: ["context", "dockerfile", "platform", "args", "target"] };

/**
 * `docker:index/image:Image` with `skipPush`, by the Docker CLI. Like Pulumi's provider it builds again when an input or
 * the content of the context changes, and leaves the image where it is on deletion.
 */
export const docker: Provider = {
    version: versionOf("@pulumi/docker"),
    async check(urn: string, _olds: Values, given: Values) {
        const build = asObject(given.build);
        const context = asString(build.context) ?? ".";
        const dockerfile = asString(build.dockerfile) ?? path.posix.join(context, "Dockerfile");
        const platform = asString(build.platform) ?? `linux/${process.arch === "x64" ? "amd64" : process.arch}`;
        const failures = [...refuse(urn, given, supported), ...refuse(urn, build, supportedBuild)];
        if (given.buildOnPreview === true) failures.push(...refuse(urn, { buildOnPreview: true }, { [image]: [] }));
        if (given.skipPush !== true) failures.push(...refuse(urn, { "skipPush: false": true }, { [image]: [] }));
        if (!fs.existsSync(dockerfile)) failures.push({ property: "build.dockerfile", reason: `there is no ${dockerfile}` });
        if (failures.length > 0) return { inputs: given, failures };
        const completed = { ...build, context, dockerfile, platform, contextDigest: digestOf(context, dockerfile) };
        return { inputs: { ...given, build: completed, buildOnPreview: false } };
    },
    async diff(_id: string, _urn: string, olds: Values, inputs: Values) {
        return { changes: !isDeepStrictEqual(asObject(olds.__inputs), asObject(inputs)) };
    },
    async create(urn: string, inputs: Values) {
        return { id: asString(inputs.imageName) as string, outs: await make(urn, inputs) };
    },
    async update(_id: string, urn: string, _olds: Values, inputs: Values) {
        return { outs: await make(urn, inputs) };
    },
    async cancel() {
        killAll();
    },
};

/** A digest of the context's files, their modes, and the Dockerfile. */
function digestOf(context: string, dockerfile: string): string {
    const hash = createHash("sha256").update(fs.readFileSync(dockerfile));
    for (const name of fs.readdirSync(context, { recursive: true, encoding: "utf8" }).sort()) {
        const file = path.join(context, name);
        const stat = fs.lstatSync(file);
        if (stat.isDirectory()) continue;
        const content = stat.isSymbolicLink() ? fs.readlinkSync(file) : fs.readFileSync(file);
        hash.update(`\0${name.split(path.sep).join("/")}\0${stat.mode}\0`).update(content);
    }
    return hash.digest("hex");
}

/** Builds the image. Returns the resource's outputs. */
async function make(urn: string, inputs: Values): Promise<Values> {
    const { args, ...build } = asObject(inputs.build);
    const { context, dockerfile, platform, target } = build as Record<string, string | undefined> & Record<"context" | "dockerfile" | "platform", string>;
    const imageName = asString(inputs.imageName) as string;
    const values = asObject(args) as Record<string, string>;
    // Without a value, Docker reads it from the environment, so none is on the command line.
    const buildArgs = Object.keys(values).flatMap(name => ["--build-arg", name]);
    await call(urn, ["build", "--tag", imageName, "--file", dockerfile, "--platform", platform, ...buildArgs,
        ...(target === undefined ? [] : ["--target", target]), context], {
        ...values, DOCKER_BUILDKIT: (await hasBuildKit()) ? "1" : "0",
    });
    const repoDigest = await call(urn, ["image", "inspect", "--format", "{{.Id}}", imageName]);
    return {
        context, dockerfile, platform, imageName, baseImageName: imageName, registryServer: "", repoDigest,
        __inputs: secret(inputs),
    };
}

async function hasBuildKit(): Promise<boolean> {
    return run("docker", ["buildx", "version"], {}).then(() => true, () => false);
}

async function call(urn: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    try {
        const { stdout } = await run("docker", args, {
            env: { ...process.env, ...env }, onLine: line => show(urn, line),
        });
        return stdout.trim();
    } catch (error) {
        if (!(error instanceof Failed)) throw error;
        const last = error.output.trim().split("\n").slice(-40).join("\n");
        throw new Error(`docker ${args[0]}: ${error.status}:\n${last}`);
    }
}

if (require.main === module) serve(docker);
