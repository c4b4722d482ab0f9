import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { image } from "../../infra/offline/engine/image";
import type { Registration } from "../../infra/offline/engine/registration";
import type { Action } from "../../infra/offline/engine/types";
import { secret, type Values } from "../../infra/offline/engine/values";

let directory: string;

beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-image-"));
    fs.writeFileSync(path.join(directory, "Dockerfile"), "FROM debian:13-slim\n");
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

const inputs = (change: Values = {}): Values => ({
    imageName: "example/web:1",
    build: { context: directory },
    skipPush: true,
    ...change,
});

/** Puts a `docker` on the path that writes down its arguments, the builder and SECRET. */
function fakeDocker(buildx: boolean): { env: NodeJS.ProcessEnv; calls: () => string[] } {
    const bin = path.join(directory, "bin");
    const log = path.join(directory, "log");
    fs.mkdirSync(bin);
    const script = `#!/usr/bin/env node
const args = process.argv.slice(2);
const { DOCKER_BUILDKIT, SECRET } = process.env;
require("fs").appendFileSync(${JSON.stringify(log)}, [...args, DOCKER_BUILDKIT, SECRET].join(" ").trim() + "\\n");
if (args[0] === "buildx") process.exit(${buildx ? 0 : 1});
if (args[0] === "image") console.log("sha256:2");
`;
    fs.writeFileSync(path.join(bin, "docker"), script, { mode: 0o755 });
    const env = { PATH: `${bin}${path.delimiter}${process.env.PATH}` };
    return { env, calls: () => fs.readFileSync(log, "utf8").trim().split("\n") };
}

const build = (env: NodeJS.ProcessEnv, change?: Values) =>
    image.create({ inputs: inputs(change), env, progress: () => undefined } as unknown as Action);

// The fake is a script without extension, which Windows does not start.
describe.skipIf(process.platform === "win32")("an image", () => {
    it("is built, and known by its digest", async () => {
        const { env, calls } = fakeDocker(true);
        const { id, outputs } = await build(env);
        expect(id).toBe("example/web:1");
        expect(outputs).toMatchObject({ imageName: id, baseImageName: id, repoDigest: "sha256:2" });
        const file = path.join(directory, "Dockerfile");
        expect(calls()[1]).toBe(`build --tag example/web:1 --file ${file} ${directory} 1`);
    });

    it("is built by the old builder where there is no other", async () => {
        const { env, calls } = fakeDocker(false);
        await build(env);
        expect(calls()[1]).toMatch(/ 0$/);
    });

    it.each([{ skipPush: false }, { skipPush: undefined }])("is refused where it is to be pushed: %o", change => {
        const registration = { name: "web", inputs: inputs(change as Values) } as Registration;
        expect(() => image.check?.(registration, undefined)).toThrow('docker:Image "web" is to be pushed, which only Pulumi does');
    });

    it("gets its options as arguments, and values of build arguments in the environment", async () => {
        const { env, calls } = fakeDocker(true);
        const args = { SECRET: secret("hush") };
        await build(env, { build: { context: directory, platform: "linux/arm64", target: "final", args } });
        expect(calls()[1]).toContain("--platform linux/arm64 --target final --build-arg SECRET");
        expect(calls()[1]).toMatch(/ 1 hush$/);
    });

    it("is built again when its context changes", () => {
        const digest = () => image.check?.({ name: "web", inputs: inputs() } as Registration, undefined).contextDigest;
        const before = digest();
        expect(digest()).toBe(before);
        fs.writeFileSync(path.join(directory, "page.html"), "new");
        expect(digest()).not.toBe(before);
    });
});
