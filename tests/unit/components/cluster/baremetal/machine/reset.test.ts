import { describe, expect, test } from "vitest";
import { before, scriptOf } from "../../../../support/operations";
import { onMachine } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("a machine that leaves", () => {
    test("is reset only by the stack and for the incarnation that made it", () => {
        const script = scriptOf("server-restore");
        const guard = before(script, "Give up virtual addresses");
        const reached = (files: Record<string, string>) => {
            const on = Object.entries(files).reduce((to, [file, text]) => to.write(`var/lib/landfall/${file}`, text), onMachine());
            return on.run(guard.replace("\n}\nmain", "\nkubeadm reset\n}\nmain")).calls;
        };
        expect(reached({})).toEqual([]);
        expect(reached({ owner: "landfall/other", incarnation: "id-one" })).toEqual([]);
        expect(reached({ owner: "landfall/server", incarnation: "id-later" })).toEqual([]);
        expect(reached({ owner: "landfall/server", incarnation: "id-one" })).toEqual(["kubeadm reset"]);
    });

    test("that is reset gets back its files, its packages and its services as they were", () => {
        const script = scriptOf("server-restore");
        for (const taken of ["/etc/kubernetes", "/var/lib/etcd", "/var/lib/kubelet", "/etc/landfall", "/var/lib/containerd", "/etc/cni"]) {
            expect(script).toMatch(new RegExp(`^rm -rf .*${taken}( |$)`, "m"));
        }
        for (const unit of ["kubelet", "landfall-addresses", "landfall-kubelets"]) {
            expect(script).toMatch(new RegExp(`rm -f /etc/systemd/system/\\{.*${unit}.*\\}\\.service`));
        }
        expect(script).toContain("tar --extract --directory / --file /var/lib/landfall/found/files.tar");
        expect(script).toContain("sysctl --quiet --load /var/lib/landfall/found/sysctl");
        expect(script.trimEnd().split("\n").slice(-3)[0]).toBe("rm -rf /var/lib/landfall /run/landfall-kubectl");
    });
});
