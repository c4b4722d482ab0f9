import { describe, expect, test } from "vitest";
import { scriptOf, stepsOf } from "../../../support/operations";
import { type Answers, onMachine } from "../../../support/standin";

describe.skipIf(process.platform !== "linux")("what a machine says of itself", () => {
    const says = (files: Record<string, string>, answers: Answers = {}) => {
        const on = onMachine({ systemctl: "exit 1", df: "printf 'Avail 1M-blocks\\n 30 200\\n'", ...answers });
        for (const [file, text] of Object.entries(files)) on.write(file, text);
        return on.run(scriptOf("server-status"));
    };
    const own = { "var/lib/landfall/owner": "landfall/server", "var/lib/landfall/incarnation": "id-one", "var/lib/landfall/cluster": "id" };

    test("is nothing where it is nobody's or another stack's", () => {
        expect(says({})).toMatchObject({ status: 0, stdout: "" });
        expect(says({ ...own, "var/lib/landfall/owner": "landfall/other" })).toMatchObject({ status: 0, stdout: "" });
    });

    test("is nothing where it was a member and its kubelet is gone", () => {
        expect(says({ ...own, "var/lib/landfall/member": "id-one" })).toMatchObject({ status: 0, stdout: "" });
    });

    test("is its room, its incarnations and the nodes that the cluster knows, if that answers", () => {
        const kubectl = `[ "$1 $2" != "get nodes" ] || echo "known=one id-one"`;
        expect(says(own, { kubectl }).stdout.trim().split("\n")).toEqual(["free=15", "member=id-one", "incarnation=id", "known=one id-one", "asked=yes"]);
        expect(says(own, { kubectl: "exit 1" })).toMatchObject({ status: 0, stdout: "free=15\nmember=id-one\nincarnation=id\n" });
    });

    test("is that its snapshots fail, and who its administrator is", () => {
        const { stdout } = says({ ...own, "var/lib/landfall/administrator": "3 1 2" }, { systemctl: `[ "$2" = is-failed ] && [ "$3" = landfall-snapshot.service ]` });
        expect(stdout).toMatch(/^snapshots=failed$/m);
        expect(stdout).toMatch(/^administrator=3 1 2$/m);
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

describe("an installation", () => {
    test("gives load balancers' Services their address where there is one, and takes that away where others do", () => {
        expect(scriptOf("server-install")).toContain("ExecStart=/etc/landfall/give-addresses");
        expect(scriptOf("pool-install")).not.toContain("ExecStart=/etc/landfall/give-addresses");
        expect(scriptOf("pool-install")).toMatch(/systemctl disable --quiet --now landfall-addresses\n +rm -f .*landfall-addresses\.service/);
    });

    test("shares virtual addresses with the other nodes, by their addresses and from its own", () => {
        expect(scriptOf("second-install")).toContain("unicast_src_ip 198.18.40.12");
        expect(scriptOf("second-install")).toContain("peers api 198.18.40.11 198.18.40.13 >");
        expect(scriptOf("worker-install")).not.toMatch(/peers api/);
        expect(scriptOf("worker-install")).toContain("peers gateway 198.18.40.11 198.18.40.12 198.18.40.13 >");
    });

    test("of a worker has nothing of the control plane's", () => {
        expect(stepsOf(scriptOf("worker-install"))).not.toContain("Renew certificates before they expire");
        expect(scriptOf("worker-install")).not.toMatch(/restart-control-plane|renew-certificates|approve-kubelets|give-addresses/);
    });

    test("takes packages of the versions that are pinned, and nothing from elsewhere where a bundle is given", () => {
        expect(scriptOf("server-install")).not.toMatch(/apt-get (update|install)|https:\/\/(pkgs\.k8s\.io|download\.docker\.com)/);
        expect(scriptOf("second-install")).toMatch(/https:\/\/pkgs\.k8s\.io/);
    });
});

describe("an upgrade", () => {
    test("is kubeadm's `apply` on the first node and `node` on the others", () => {
        expect(scriptOf("first-upgrade")).toMatch(/kubeadm upgrade apply/);
        expect(scriptOf("worker-upgrade")).toMatch(/kubeadm upgrade node/);
        expect(scriptOf("worker-upgrade")).not.toMatch(/kubeadm upgrade apply|etcdctl/);
    });

    test("hands on nothing where there is no other node", () => {
        expect(stepsOf(scriptOf("server-upgrade"))).not.toContain("Hand on what other nodes can have");
    });
});
