import * as fs from "node:fs";
import { describe, expect, test } from "vitest";
import { scriptOf } from "../../../../support/operations";
import { onMachine } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("a reboot", () => {
    const boot = () => `${fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fs.readFileSync("/proc/1/stat", "utf8").split(" ")[21]}`;
    const script = (name: string, of: string) => scriptOf(name).replace("'ID'", `'${of}'`);

    test("is none where the machine was rebooted since", () => {
        expect(onMachine().run(script("server-reboot", "an earlier one"))).toMatchObject({ status: 0, calls: [] });
    });

    test("says who wants it and why, and is over for the control plane once its API and all of etcd are well", () => {
        const on = onMachine();
        const { status, calls } = on.run(script("server-reboot", boot()));
        expect(status).toBe(0);
        expect(calls[0]).toBe("systemctl reboot --no-block --message Landfall: a package asks for it");
        expect(calls.slice(1).map(call => call.split(" ")[0])).toEqual(["curl", "curl", "etcdctl", "etcdctl"]);
        expect(on.read("var/lib/landfall/patched")).toBe("2026-11\n");
    });

    test("of a worker asks no control plane", () => {
        expect(onMachine().run(script("worker-reboot", boot())).calls).toHaveLength(1);
    });

    test("is not remembered as done where the API doesn't come back", () => {
        const on = onMachine({ curl: "exit 7" });
        expect(on.run(script("server-reboot", boot())).status).toBe(7);
        expect(on.read("var/lib/landfall/patched")).toBeUndefined();
    });
});

describe("patches", () => {
    test("come from the repositories with what they need, or from the bundle alone", () => {
        expect(scriptOf("worker-patch")).toMatch(/patiently apt-get upgrade .*--with-new-pkgs/);
        expect(scriptOf("server-patch")).not.toMatch(/apt-get (update|upgrade|install)/);
        expect(scriptOf("server-patch")).toMatch(/dpkg --compare-versions "\$version" gt "\$\{installed#\* \}" \|\| continue/);
    });

    test("leave Kubernetes and the container runtime to upgrades", () => {
        for (const name of ["worker-patch", "server-patch"]) expect(scriptOf(name)).toMatch(/patiently apt-mark hold \$installed/);
        expect(scriptOf("server-patch")).toContain('case "$name" in containerd|runc) continue ;; esac');
    });

    test("end in a reboot where the settings say so, else where something asks for it", () => {
        expect(scriptOf("worker-patch")).toContain("echo 'the settings require it'");
        expect(scriptOf("server-patch")).not.toContain("the settings require it");
    });
});
