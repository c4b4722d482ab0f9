import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { shellQuote } from "../../../../../../components/cluster/baremetal/machine/script";
import { before, scriptOf } from "../../../../support/operations";
import { onMachine } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("certificates", () => {
    test("are not rotated again for what they were rotated for", () => {
        const on = onMachine().write("var/lib/landfall/certificates-rotated", "2026-11\n");
        const { status, calls } = on.run(scriptOf("server-certificates"));
        expect([status, calls.filter(call => !call.startsWith("curl"))]).toEqual([0, []]);
    });

    test.each(["November 2026", "it's done; reboot", "$(reboot)"])("are known by any text they were rotated for: %s", text => {
        const on = onMachine().write("var/lib/landfall/certificates-rotated", `${text}\n`);
        const { status, calls } = on.run(scriptOf("server-certificates").replaceAll("'2026-11'", () => shellQuote(text)));
        expect([status, calls.filter(call => !call.startsWith("curl"))]).toEqual([0, []]);
    });

    test("are not touched where etcd or the API server of the node doesn't answer", () => {
        const { status, stderr, calls } = onMachine({ curl: "exit 7" }).run(scriptOf("server-certificates"));
        expect([status, stderr]).toEqual([1, expect.stringContaining("etcd or the API server of this node is not healthy.")]);
        expect(calls.filter(call => call.startsWith("kubeadm"))).toEqual([]);
    });

    test("that kubeadm leaves as they were are an error, and nothing is restarted", () => {
        const on = onMachine({ openssl: `case "$*" in *enddate*) echo notAfter=Jan 1 00:00:00 2027 GMT ;; *) echo fingerprint ;; esac` })
            .write("etc/kubernetes/pki/apiserver.crt", "old");
        const { status, stderr } = on.run(before(scriptOf("server-certificates"), "Write the program that restarts the control plane"));
        expect([status, stderr]).toEqual([1, expect.stringContaining("kubeadm did not renew these certificates: pki/apiserver.crt")]);
    });

    test("restart a node whose virtual address another has by then", () => {
        expect(scriptOf("first-certificates")).toMatch(/touch \/run\/landfall\/api-aside[\s\S]*grep --fixed-strings ' 198\.18\.40\.100\/'/);
        expect(scriptOf("server-certificates")).toContain("return 0 # no other node has the API's address");
    });
});

describe.skipIf(process.platform !== "linux")("an administrator", () => {
    test("is in the group that may do all, by the cluster's name, for a year", () => {
        const { status, calls } = onMachine({ kubeadm: "echo kubeconfig" }).run(scriptOf("server-kubeconfig"));
        expect(status).toBe(0);
        expect(calls.find(call => call.startsWith("kubeadm"))).toMatch(
            /^kubeadm kubeconfig user --client-name landfall:landfall-server --org kubeadm:cluster-admins --validity-period 8760h --config /);
    });
});

/** The functions of the program that approves, as a control-plane node gets it; a kubectl stands in for the cluster's. */
const [, program] = /approve-kubelets\.landfall <<'LANDFALL_END'\n([\s\S]*?)\nLANDFALL_END/.exec(scriptOf("server-install")) ?? [];
const functions = program.slice(0, program.indexOf("while true"));

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-serving-"));
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

/** A request as a kubelet makes it. */
function request(subject: string, names: string): string {
    const config = path.join(directory, "openssl.cnf");
    fs.writeFileSync(config, `[req]\ndistinguished_name=dn\nreq_extensions=ext\n[dn]\n[ext]\n${names && `subjectAltName=${names}`}\n`);
    const { stdout, stderr, status } = spawnSync("openssl", ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", path.join(directory, "key"), "-subj", subject, "-config", config], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return Buffer.from(stdout).toString("base64");
}

function isApproved(node: string, subject: string, names: string): boolean {
    const script = `${functions}\nkubectl() { [ "$3" = web ] && echo 198.18.40.21; }\nsleep() { :; }\nis_due "$1" "$2"`;
    return spawnSync("bash", ["-c", script, "bash", node, request(subject, names)]).status === 0;
}

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(process.platform === "win32" || !hasOpenssl)("a kubelet's certificate to serve with", () => {
    const own = ["/O=system:nodes/CN=system:node:web", "DNS:web,IP:198.18.40.21"] as const;

    test("is approved for the node's own name and address", () => {
        expect(isApproved("web", ...own)).toBe(true);
    });

    test.each<[string, string, string, string]>([
        ["another node's name besides", "web", own[0], "DNS:web,DNS:one,IP:198.18.40.21"],
        ["another node's address", "web", own[0], "DNS:web,IP:198.18.40.11"],
        ["the API's address besides", "web", own[0], "DNS:web,IP:198.18.40.21,IP:198.18.40.100"],
        ["the API's name instead", "web", own[0], "DNS:kubernetes,IP:198.18.40.21"],
        ["a name with the right ones in it", "web", own[0], "DNS:web.example.com,IP:198.18.40.21"],
        ["no names", "web", own[0], ""],
        ["another node than asks", "web", "/O=system:nodes/CN=system:node:one", own[1]],
        ["another organisation", "web", "/O=system:masters/CN=system:node:web", own[1]],
        ["more than one organisation", "web", "/O=system:masters/O=system:nodes/CN=system:node:web", own[1]],
        ["a node whose address nobody has said", "one", "/O=system:nodes/CN=system:node:one", "DNS:one,IP:198.18.40.11"],
        ["a node whose address nobody has said, and none", "one", "/O=system:nodes/CN=system:node:one", "DNS:one"],
    ])("is not approved for %s", (_, node, subject, names) => {
        expect(isApproved(node, subject, names)).toBe(false);
    });
});
