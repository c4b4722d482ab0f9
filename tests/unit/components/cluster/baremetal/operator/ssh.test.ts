import { describe, expect, test } from "vitest";
import { renderSshConfig } from "../../../../../../components/cluster/baremetal/operator/ssh";
import { describeFailure, isSilent, isStranger, otherKey } from "../../../../../../components/cluster/baremetal/operator/ssh-failure";
import type { NodeFacts } from "../../../../../../components/cluster/baremetal/program/facts";

const node = (name: string, more: Partial<NodeFacts> = {}): NodeFacts => ({
    name, host: "198.18.40.11", address: "198.18.40.11", port: 22, user: "root", role: "control-plane", ...more,
});

describe("ssh", () => {
    test("gets everything in a file of its own, and nothing about keys that it doesn't know", async () => {
        const config = renderSshConfig(
            { key: "/keys/id", knownHosts: "/keys/known hosts", bastion: { host: "198.18.40.2", port: 2222, user: "jump" } },
            [node("one", { user: "admin" }), node("two", { host: "two.example.com", port: 2200 })],
            { one: "/tmp/pinned" },
        );
        await expect(config).toMatchFileSnapshot("golden/ssh-config.txt");
        expect(config).toContain("StrictHostKeyChecking yes");
        expect(config).toContain("BatchMode yes");
    });

    test.each<[string, string, RegExp]>([
        ["a wrong key", "admin@198.18.40.11: Permission denied (publickey).", /refuses the key for root.*ssh\.key/s],
        ["another host key", "Host key verification failed.", /another host key than is known.*hostKey/s],
        ["an unknown host key", "No ED25519 host key is known for 198.18.40.11 and you have requested strict checking.\n" +
            "Host key verification failed.", /none is known/],
        ["a dead host", "ssh: connect to host 198.18.40.11 port 22: Connection timed out", /does not answer/],
        ["no sshd", "ssh: connect to host 198.18.40.11 port 22: Connection refused", /refuses connections/],
        ["a name that is none", "ssh: Could not resolve hostname x: Name or service not known", /does not resolve/],
    ])("that fails by %s says so, and on which machine", (_, stderr, message) => {
        const text = describeFailure(node("one"), { code: 255, stderr });
        expect(text).toMatch(/^one \(root@198\.18\.40\.11:22\) /);
        expect(text).toMatch(message);
    });

    test.each([
        ["doesn't answer", "ssh: connect to host 198.18.40.2 port 2222: Connection refused\nkex_exchange_identification: Connection closed by remote host\n",
            /can't be reached: the bastion 198\.18\.40\.2 refuses connections\. Does sshd run there/],
        ["refuses the key", "jump.er@198.18.40.2: Permission denied (publickey).\nkex_exchange_identification: Connection closed by remote host\n",
            /can't be reached: the bastion 198\.18\.40\.2 refuses the key for jump\.er\. Is it in ~jump\.er\/\.ssh/],
        ["has no way to the machine", "channel 0: open failed: connect failed: No route to host\nstdio forwarding failed\nkex_exchange_identification: x\n",
            /can't be reached from the bastion, [^]*\nchannel 0: open failed: connect failed: No route to host$/],
    ])("whose bastion %s says so", (_, stderr, message) => {
        expect(describeFailure(node("one"), { code: 255, stderr })).toMatch(message);
    });

    test("that the machine itself refuses says nothing of a bastion", () => {
        const stderr = "john.doe@198.18.40.11: Permission denied (publickey).\n";
        expect(describeFailure(node("one", { user: "john.doe" }), { code: 255, stderr }))
            .toMatch(/^one \(john\.doe@198\.18\.40\.11:22\) refuses the key for john\.doe\. Is it in ~john\.doe\/\.ssh/);
    });

    test("that finds no sudo says how to allow it", () => {
        const text = describeFailure(node("one", { user: "admin" }), { code: 1, stderr: "sudo: a password is required\n" });
        expect(text).toContain("admin can't become root without a password");
        expect(text).toContain("admin ALL=(ALL) NOPASSWD: ALL");
    });

    test("that runs a script which fails says at which task, with the end of what it printed", () => {
        const stderr = `${"noise\n".repeat(50)}the reason\nlandfall: failed: Install packages\n`;
        const text = describeFailure(node("one"), { code: 1, stderr, began: true, whole: true });
        expect(text).toMatch(/one \(root@198\.18\.40\.11:22\): Install packages failed\.\n/);
        expect(text).toMatch(/the reason$/);
        expect(text.split("\n").length).toBeLessThan(30);
    });

    test("dials again only where nobody answered, so that nothing is begun twice", () => {
        expect(isSilent({ stderr: "ssh: connect to host x port 22: Connection timed out" })).toBe(true);
        expect(isSilent({ stderr: "Permission denied (publickey)." })).toBe(false);
        expect(isSilent({ stderr: "Host key verification failed." })).toBe(false);
        expect(isSilent({ began: true, stderr: "curl: (7) Connection refused" })).toBe(false);
    });

    test("takes a machine for another only where its key proves it, never where no key is known", () => {
        const changed = "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.";
        expect(isStranger({ stderr: changed })).toBe(true);
        expect(isStranger({ stderr: `one (198.18.40.11:22) ${otherKey}: expected SHA256:a, found SHA256:b.` })).toBe(true);
        expect(isStranger({ stderr: "No ED25519 host key is known for one and you have requested strict checking.\n" +
            "Host key verification failed." })).toBe(false);
        expect(isStranger({ stderr: "ssh: connect to host 198.18.40.11 port 22: Connection timed out" })).toBe(false);
    });
});
