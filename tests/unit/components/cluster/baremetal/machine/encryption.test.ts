import { describe, expect, test } from "vitest";
import { from, scriptOf } from "../../../../support/operations";
import { onMachine } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("a new key for secrets", () => {
    const rewritten = (after: string) => {
        const script = from(scriptOf("server-encryptionKey"), "Encrypt all Secrets with the new key");
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
        expect([status, stderr]).toEqual([1, expect.stringContaining("These Secrets could not be encrypted with the new key:\nshop login")]);
    });

    test("is written whole, and for root alone", () => {
        expect(scriptOf("server-encryptionKey")).toMatch(/umask 077; printf '%s\\n' "\$CONFIG" > (\S+\.landfall)\)\n +sync \1\n +mv \1 /);
    });
});
