import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { requireOwnCgroups } from "../../infra/offline/kit/docker";

// The stand-in for Docker is a file with a #! line.
describe.skipIf(process.platform === "win32")("the kit's minikube", () => {
    let directory: string;

    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-docker-"));
        vi.stubEnv("PATH", `${directory}${path.delimiter}${process.env.PATH}`);
    });
    afterEach(() => {
        vi.unstubAllEnvs();
        fs.rmSync(directory, { recursive: true });
    });

    /** A daemon that says this of its security options. */
    const daemon = (options: string): void =>
        fs.writeFileSync(path.join(directory, "docker"), `#!/bin/sh\necho '[${options}]'\n`, { mode: 0o755 });

    it("takes a daemon that gives containers control groups of their own", async () => {
        daemon("name=seccomp,profile=default name=cgroupns");
        await expect(requireOwnCgroups()).resolves.toBeUndefined();
    });

    it("refuses one that gives them the computer's, and says what to do", async () => {
        daemon("name=seccomp,profile=default");
        await expect(requireOwnCgroups()).rejects.toThrow("dockerd --default-cgroupns-mode=private");
    });
});
