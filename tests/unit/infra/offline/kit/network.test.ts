import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseAllDocuments } from "yaml";
import { networkPoliciesManifest } from "../../../../../infra/offline/kit/network";

interface DaemonSet {
    kind: string;
    spec: { template: { spec: { containers: { command: string[]; env: { name: string; value?: string }[] }[] } } };
}

describe.skipIf(process.platform === "win32")("what enforces network policies in the kit's clusters", () => {
    it("gets a token that is renewed while it runs, because it runs for longer than a token is valid", async () => {
        const objects = parseAllDocuments(networkPoliciesManifest()).map(document => document.toJS() as DaemonSet);
        const [{ command, env }] = objects.find(({ kind }) => kind === "DaemonSet")!.spec.template.spec.containers;
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-kit-"));
        const [secrets, host, programs] = ["secrets", "host", "bin"].map(name => path.join(directory, name));
        for (const made of [secrets, host, programs]) fs.mkdirSync(made);
        fs.writeFileSync(path.join(secrets, "token"), "first");
        const credentials = env.find(({ name }) => name === "CREDENTIALS")!.value!;
        const program = (name: string, text: string) => fs.writeFileSync(path.join(programs, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
        program("sleep", "exec /bin/sleep 0.05");
        program("chroot", `copy=${host}${credentials}/token\ncat $copy; printf second > ${secrets}/token\nuntil grep -q second $copy; do sleep; done\necho " $(cat $copy)"`);

        const script = command[2].replaceAll("/var/run/secrets/kubernetes.io/serviceaccount", secrets).replaceAll("/host$", `${host}$`);
        const child = spawn(command[0], [command[1], script], {
            detached: true, stdio: ["ignore", "pipe", "inherit"], env: { PATH: `${programs}:${process.env.PATH}`, CREDENTIALS: credentials },
        });
        onTestFinished(() => {
            process.kill(-child.pid!, "SIGKILL");
            fs.rmSync(directory, { recursive: true, force: true });
        });
        let said = "";
        child.stdout.on("data", data => (said += String(data)));
        while (!said.includes("\n")) await once(child.stdout, "data");
        expect(said).toMatch(/^first second\n/);
    }, 10_000);
});
