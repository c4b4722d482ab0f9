import { describe, expect, test } from "vitest";
import { scriptOf, stepsOf } from "../../../../support/operations";
import { onMachine } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("what listens for a probe", () => {
    test("ends with it, and nothing else does", () => {
        const { status } = onMachine().run(scriptOf("server-quiet"));
        expect(status).toBe(0);
        const on = onMachine().write("run/landfall-listener.pid", "4194305"); // above what Linux gives
        expect(on.run(scriptOf("server-quiet"))).toMatchObject({ status: 0, stderr: "" });
        expect(scriptOf("server-quiet")).toContain('kill "$(cat /run/landfall-listener.pid)"');
    });
});

describe("a probe", () => {
    test("asks each other control-plane node, and not the machine itself", () => {
        expect(scriptOf("second-probe")).toContain("for peer in 198.18.40.11:6443 198.18.40.13:6443; do");
        expect(stepsOf(scriptOf("server-probe"))).not.toContain("Look for firewalls between the nodes");
    });

    test("asks for the bridge's module where the pods' network is ours, and with addresses of the pods' network", () => {
        expect(scriptOf("second-probe")).toContain("br_netfilter");
        expect(scriptOf("server-probe")).not.toContain("br_netfilter");
        expect(scriptOf("server-probe")).toMatch(/1\) address=198\.19\.127\.253 ;; 2\) address=198\.19\.127\.254 /);
    });
});
