import { describe, expect, test } from "vitest";
import { installTasks } from "../../../../../../components/cluster/baremetal/machine/install";
import { available, one, scriptOf, stepsOf, worker } from "../../../../support/operations";

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
        expect(stepsOf(scriptOf("worker-install"))).not.toContain("Set up the renewal of certificates");
        expect(scriptOf("worker-install")).not.toMatch(/restart-control-plane|renew-certificates|approve-kubelets|give-addresses/);
    });

    test("needs the control plane's facts on its nodes only, and names one that is missing", () => {
        const { controlPlanes: _, renewBefore: __, virtualAddress: ___, ...facts } = available;
        expect(() => installTasks(facts, worker)).not.toThrow();
        expect(() => installTasks(facts, one)).toThrow("lack controlPlanes");
        expect(() => installTasks({ ...facts, repositories: undefined }, worker)).toThrow("lack repositories");
    });

    test("takes packages of the versions that are pinned, and nothing from elsewhere where a bundle is given", () => {
        expect(scriptOf("server-install")).not.toMatch(/apt-get (update|install)|https:\/\/(pkgs\.k8s\.io|download\.docker\.com)/);
        expect(scriptOf("second-install")).toMatch(/https:\/\/pkgs\.k8s\.io/);
    });
});
