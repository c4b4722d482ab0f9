import { describe, expect, test } from "vitest";
import { before, from, scriptOf } from "../../../support/operations";
import { onMachine } from "../../../support/standin";

describe.skipIf(process.platform !== "linux")("certificates", () => {
    test("are not rotated again for what they were rotated for", () => {
        const on = onMachine().write("var/lib/landfall/certificates-rotated", "2026-11\n");
        const { status, calls } = on.run(scriptOf("server-certificates"));
        expect([status, calls.filter(call => !call.startsWith("curl"))]).toEqual([0, []]);
    });

    test("are not touched where etcd or the API server of the node doesn't answer", () => {
        const { status, stderr, calls } = onMachine({ curl: "exit 7" }).run(scriptOf("server-certificates"));
        expect([status, stderr]).toEqual([1, expect.stringContaining("etcd or the API server of this node is not well.")]);
        expect(calls.filter(call => call.startsWith("kubeadm"))).toEqual([]);
    });

    test("that kubeadm leaves as they were are told, and nothing is restarted", () => {
        const on = onMachine({ openssl: `case "$*" in *enddate*) echo notAfter=Jan 1 00:00:00 2027 GMT ;; *) echo fingerprint ;; esac` })
            .write("etc/kubernetes/pki/apiserver.crt", "old");
        const { status, stderr } = on.run(before(scriptOf("server-certificates"), "Write what restarts the control plane"));
        expect([status, stderr]).toEqual([1, expect.stringContaining("kubeadm left as they were: pki/apiserver.crt")]);
    });

    test("restart a node whose virtual address another has by then", () => {
        expect(scriptOf("first-certificates")).toMatch(/touch \/run\/landfall\/api-aside[\s\S]*grep --fixed-strings ' 198\.18\.40\.100\/'/);
        expect(scriptOf("server-certificates")).toContain("return 0 # no other node has the API's address");
    });
});

describe.skipIf(process.platform !== "linux")("a new key for secrets", () => {
    const rewritten = (after: string) => {
        const script = from(scriptOf("server-encryptionKey"), "Encrypt all secrets with the new key");
        const secret = (key: string, name: string) => `'"Key" : "/registry/secrets/shop/${name}"' '"Value" : "k8s:enc:secretbox:v1:${key}:x"'`;
        return onMachine({
            etcdctl: `if [ -e $(dirname $0)/../rewritten ]; then printf '%s\\n' ${secret(after, "login")}; else printf '%s\\n' ${secret("key-old", "login")} ${secret("key-2026-11", "new")}; fi`,
            kubectl: `[ "$1" != replace ] || touch $(dirname $0)/../rewritten`,
        }).run(script);
    };

    test("is what all of them are encrypted with in the end", () => {
        const { status, calls } = rewritten("key-2026-11");
        expect(status).toBe(0);
        expect(calls.filter(call => call.startsWith("kubectl get"))).toEqual(["kubectl get secrets --namespace shop --output json"]);
    });

    test("names those that can't be written again", () => {
        const { status, stderr } = rewritten("key-old");
        expect([status, stderr]).toEqual([1, expect.stringContaining("These secrets could not be written again:\nshop login")]);
    });

    test("is written whole, and for root alone", () => {
        expect(scriptOf("server-encryptionKey")).toMatch(/umask 077; printf '%s\\n' "\$CONFIG" > (\S+\.landfall)\)\n +sync \1\n +mv \1 /);
    });
});
