import { describe, expect, test } from "vitest";
import { scriptOf, stepsOf } from "../../../../support/operations";

describe("an upgrade", () => {
    test("is kubeadm's `apply` on the first node and `node` on the others", () => {
        expect(scriptOf("first-upgrade")).toMatch(/kubeadm upgrade apply/);
        expect(scriptOf("worker-upgrade")).toMatch(/kubeadm upgrade node/);
        expect(scriptOf("worker-upgrade")).not.toMatch(/kubeadm upgrade apply|etcdctl/);
    });

    test("hands on nothing where there is no other node", () => {
        expect(stepsOf(scriptOf("server-upgrade"))).not.toContain("Hand over the API's address and etcd's leadership");
    });
});
