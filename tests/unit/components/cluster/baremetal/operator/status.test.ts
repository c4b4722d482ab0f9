import "tsx/cjs"; // createCluster loads the target by `require`
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { administratorWarning, generationOf } from "../../../../../../components/cluster/baremetal/program/lookup";
import type { NodeFacts } from "../../../../../../components/cluster/baremetal/program/facts";
import { warningsOf } from "../../../../../../components/cluster/baremetal/operator/status";
import { fakeSsh } from "../../../../support/machines";

const day = 24 * 3600;
const signed = Date.parse("2026-01-01") / 1000;
const found = { generation: 3, signed, ends: signed + 366 * day };

describe("the administrator's kubeconfig", () => {
    test("stays for two thirds of its life, and is then another at the next run", () => {
        for (const [days, generation] of [[0, 3], [100, 3], [243, 3], [245, 4], [365, 4], [400, 4]]) {
            expect([days, generationOf(found, signed + days * day)]).toEqual([days, generation]);
        }
        const renewed = { generation: 4, signed: signed + 245 * day, ends: signed + 611 * day };
        expect(generationOf(renewed, signed + 246 * day)).toBe(4);
        expect(generationOf(undefined, signed)).toBe(1);
    });

    test("is warned of before its end, and after it", () => {
        expect(administratorWarning(found, signed + 200 * day)).toBeUndefined();
        expect(administratorWarning(found, signed + 300 * day)).toBe(
            "The administrator's kubeconfig ends in 66 days, on 2027-01-02. pulumi up signs another, and changes nothing else.");
        expect(administratorWarning(found, signed + 400 * day)).toMatch(/kubeconfig ended on 2027-01-02/);
    });
});

const node: NodeFacts = {
    name: "one", host: "192.0.2.11", address: "192.0.2.11", port: 22, user: "root", role: "control-plane",
};

describe("a machine's health", () => {
    test("is a warning when the kubelet is about to evict pods, and not before", () => {
        const warnings = (free?: number) => warningsOf([{ node, free }], 0);
        expect([warnings(), warnings(10), warnings(100)]).toEqual([[], [], []]);
        expect(warnings(9)).toEqual([expect.stringMatching(/^one \(192\.0\.2\.11\) has 9 % of its disk .* free.*evicts pods/)]);
    });

    test("is a warning when the last snapshot could not be taken", () => {
        expect(warningsOf([{ node, free: 50, snapshots: "failed" }], 0)).toEqual(
            [expect.stringMatching(/^one \(192\.0\.2\.11\) could not take the last snapshot.*journalctl --unit landfall-snapshot$/)]);
    });
});

describe("certificates that should have been renewed", () => {
    const warnings = (file: string, days: number) => warningsOf([{ node, expires: [{ file, ends: signed + days * day }] }], signed);

    test("are named with the days that they have left, and where to look", () => {
        expect(warnings("pki/apiserver.crt", 59)).toEqual([]);
        expect(warnings("pki/apiserver.crt", 29)).toEqual(["one (192.0.2.11) has the certificate pki/apiserver.crt, which ends in " +
            "29 days, and should have been renewed: journalctl --unit landfall-certificates"]);
        expect(warnings("/var/lib/kubelet/pki/kubelet-server-current.pem", -1)).toEqual([
            expect.stringMatching(/kubelet-server-current\.pem, which has ended.*--unit kubelet$/)]);
    });

    test("and authorities a year before, as nothing renews them", () => {
        for (const file of ["pki/ca.crt", "pki/etcd/ca.crt", "pki/front-proxy-ca.crt"]) {
            expect(warnings(file, 366)).toEqual([]);
            expect(warnings(file, 300)).toEqual([expect.stringMatching(/has the authority .*ends in 300 days\. .*move to a new cluster/)]);
        }
    });
});

describe.skipIf(process.platform === "win32")("what is signed", () => {
    let directory: string;
    beforeAll(() => void (directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-expiry-"))));
    afterAll(() => fs.rmSync(directory, { recursive: true }));

    test("is remembered by all of the control plane, with its real end", () => {
        const openssl = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=a",
            "-days", "10"], { encoding: "utf8" });
        expect(openssl.status).toBe(0);
        const kubeconfig = `users:\n- user:\n    client-certificate-data: ${Buffer.from(openssl.stdout).toString("base64")}\n`;
        fs.writeFileSync(path.join(directory, "kubeconfig"), kubeconfig);
        const answer = `case "$script" in *'kubeadm kubeconfig user'*) cat "$directory/kubeconfig" ;; esac`;
        fakeSsh(directory, { one: answer, two: answer });
        const nodes = ["one", "two"].map((name, index) => ({
            name, host: `192.0.2.1${index}`, port: 22, user: "root", address: `192.0.2.1${index}`, role: "control-plane",
        }));
        const result = spawnSync(process.execPath, ["--require", "tsx/cjs", "components/cluster/baremetal/operator/kubeconfig.ts"], { encoding: "utf8", env: {
            ...process.env, PATH: `${directory}:${process.env.PATH}`, SSH: "{}", NODES: JSON.stringify(nodes),
            CLUSTER: JSON.stringify({ name: "prod", generation: 7 }),
        } });
        expect([result.stderr, result.stdout.trim()]).toEqual(["", kubeconfig.trim()]);
        const log = fs.readFileSync(path.join(directory, "log"), "utf8").split(/^(?=(?:one|two): )/m);
        for (const { name } of nodes) {
            const [, generation, at, ends] = /echo (\d+) (\d+) (\d+) > \/var\/lib\/landfall\/administrator/
                .exec(log.filter(sent => sent.startsWith(`${name}: `)).join("")) ?? [];
            expect([name, generation, Math.round((Number(ends) - Number(at)) / day)]).toEqual([name, "7", 10]);
        }
    });
});
