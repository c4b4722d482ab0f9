import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { scriptOf } from "../../../support/operations";

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
